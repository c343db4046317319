"""A corpus, a vocabulary and a recipe so small that a run takes a second or two."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from model.training import corpus, little_world, preparation
from model.training.corpus import Corpus
from model.training.distributed import World
from model.training.recipe import CorpusRecipe, NetworkRecipe, Recipe, VocabularyRecipe
from model.training.run import Run
from model.training.trainer import Trainer
from model.wordpiece import WordPiece

NETWORK = NetworkRecipe(layers=2, heads=2, hidden_size=32, max_length=64)


def recipe(**fields: Any) -> Recipe:
    """60 quick steps in float32 on 200 documents of Little World; ``fields`` change it."""
    plain = Recipe(
        steps=60,
        length=32,
        batch=4,
        learning_rate=2e-3,
        precision="float32",
        log_steps=5,
        validate_steps=20,
        validate_rows=16,
        snapshot_steps=20,
        save_seconds=3_600,
        corpus=CorpusRecipe(little_world=200, validation_share=0.1),
        vocabulary=VocabularyRecipe(size=600),
        network=NETWORK,
    )
    return dataclasses.replace(plain, **fields)


def words(file: Path) -> WordPiece:
    """A vocabulary of every word of ``file`` and every letter."""
    found = set(file.read_text(encoding="utf-8").lower().replace(".", " .").split())
    letters = sorted({letter for word in found for letter in word})
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    return WordPiece([*special, *sorted(found | set(letters)), *(f"##{letter}" for letter in letters)])


def prepared(folder: Path, documents: int = 200) -> tuple[WordPiece, Corpus]:
    """Vocabulary and corpus of ``documents`` of Little World, a tenth held out."""
    file = folder / "little.txt"
    little_world.write(file, documents, seed=0)
    tokenizer = words(file)
    return tokenizer, corpus.prepare([file], tokenizer, folder / "cache", validation_share=0.1)


def trainer(asked: Recipe, run: Run, tokenizer: WordPiece, texts: Corpus) -> Trainer:
    """A trainer at its first step, in this process alone."""
    return Trainer(asked, run, World.join(), tokenizer, texts, *preparation.network(asked, len(tokenizer.tokens)))
