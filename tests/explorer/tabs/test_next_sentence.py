from __future__ import annotations

from typing import cast

import pytest

from explorer.tabs.next_sentence import NextSentenceTab
from model.bert import Bert
from model.lens import next_sentence
from model.scenario import Scenario
from tests.explorer.tabs.conftest import EXAMPLE, Show, plain


def test_both_labels_stand_there_in_words_with_their_probabilities(show: Show, starter: Bert) -> None:
    tab = cast(NextSentenceTab, show(NextSentenceTab))
    follows, does_not = next_sentence.probabilities(starter, starter.trace(EXAMPLE))
    assert [bar.label for bar in tab.bars.bars] == ["B follows A", "B is some other sentence"]
    assert [bar.share for bar in tab.bars.bars] == pytest.approx([follows, does_not], abs=1e-6)
    assert sum(bar.share for bar in tab.bars.bars) == pytest.approx(1)


def test_the_answer_is_a_sentence(show: Show, starter: Bert) -> None:
    tab = show(NextSentenceTab)
    follows, does_not = next_sentence.probabilities(starter, starter.trace(EXAMPLE))
    assert plain(tab.answer).startswith("Yes" if follows > does_not else "No")


def test_the_way_from_cls_ends_at_the_same_probability(show: Show) -> None:
    tab = cast(NextSentenceTab, show(NextSentenceTab))
    for bar in tab.bars.bars:
        assert f"{bar.share:.4f}" in plain(tab.path)


def test_one_sentence_alone_asks_for_another(show: Show) -> None:
    tab = show(NextSentenceTab, Scenario("My dog is cute"))
    assert "Type a second one into B" in tab.sentence


def test_a_model_without_the_head_is_told_in_a_sentence(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bert, "has_nsp", property(lambda self: False))
    assert "has no next-sentence head" in show(NextSentenceTab).sentence
