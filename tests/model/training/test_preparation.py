"""What a run needs before its first step, and what is left of it where that is cut short."""

from __future__ import annotations

import dataclasses
import errno
from pathlib import Path
from typing import Any

import pytest

from model.training import preparation
from model.training.recipe import VocabularyRecipe
from model.training.run import Run
from model.wordpiece import WordPiece
from tests.model.training import small


def full(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_vocabulary_that_was_cut_short_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = small.recipe(vocabulary=VocabularyRecipe(size=200, lowercase=False))
    run = Run.create(tmp_path, "run", asked.to_toml())
    files = preparation.texts(asked, tmp_path / "cache")
    with monkeypatch.context() as patched:
        patched.setattr("model.wordpiece.json.dumps", full)  # when vocab.txt has been written
        with pytest.raises(OSError, match="disk is full"):
            preparation.tokenizer(asked, run, files)
    assert [path.name for path in run.directory.iterdir()] == ["recipe.toml"]
    made = preparation.tokenizer(asked, run, files)
    again = preparation.tokenizer(asked, run, [])  # found, not trained
    assert again.tokens == made.tokens == WordPiece.read(run.directory).tokens
    assert not again.lowercase


def test_a_corpus_of_our_own_that_finds_no_room_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = dataclasses.replace(small.recipe(), seed=3)
    monkeypatch.setattr("model.training.little_world.write", full)
    with pytest.raises(OSError, match=r"little-world-200-3\.txt cannot be written: the disk is full"):
        preparation.texts(asked, tmp_path / "cache")
