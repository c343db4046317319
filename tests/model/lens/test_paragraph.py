from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest

import model
from model.lens import next_sentence, paragraph
from model.lens.paragraph import Paragraph

TEXT = "The man went to the store. He bought some milk, bread and a newspaper. Then he went home. Penguins cannot fly."


def finish(lens: Generator[float, None, Paragraph]) -> tuple[list[float], Paragraph]:
    fractions = []
    while True:
        try:
            fractions.append(next(lens))
        except StopIteration as stop:
            return fractions, stop.value


@pytest.fixture(scope="module")
def trace(starter: model.Bert) -> model.Trace:
    return starter.trace(model.Scenario("My dog is cute").mask(2).flip(1))


def made_up(rows: list[list[float]]) -> Paragraph:
    is_next = np.array(rows, dtype=np.float32)
    np.fill_diagonal(is_next, np.nan)
    return Paragraph(tuple("abcdefgh"[: len(rows)]), is_next)


def test_every_pair_is_what_asking_it_alone_says(starter: model.Bert, trace: model.Trace) -> None:
    sentences = paragraph.split(TEXT)
    fractions, found = finish(paragraph.every_pair(starter, trace, sentences))
    assert found.sentences == tuple(sentences)
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    for a, first in enumerate(sentences):
        for b, second in enumerate(sentences):
            if a == b:
                assert np.isnan(found.is_next[a, b])
            else:
                alone, _ = next_sentence.probabilities(starter, starter.trace(model.Scenario(first, second)))
                assert found.is_next[a, b] == pytest.approx(alone, abs=1e-5)


def test_heads_that_are_off_are_off_for_every_pair(starter: model.Bert) -> None:
    asked = model.Scenario("My dog is cute").toggle_head(5, 3).toggle_layer(2)
    sentences = paragraph.split(TEXT)[:2]
    _, found = finish(paragraph.every_pair(starter, starter.trace(asked), sentences))
    off = model.Scenario(*sentences).toggle_head(5, 3).toggle_layer(2)
    assert found.is_next[0, 1] == pytest.approx(next_sentence.probabilities(starter, starter.trace(off))[0], abs=1e-5)


def test_sentences_and_lines_are_told_apart() -> None:
    assert paragraph.split("Dr. Smith went home.  He slept.\n\nA title\nThe end ") == [
        "Dr. Smith went home.",
        "He slept.",
        "A title",
        "The end",
    ]
    assert paragraph.split(" \n ") == []


def test_too_long_a_pair_is_cut_as_a_question_is(starter: model.Bert, trace: model.Trace) -> None:
    sentences = ["my dog is cute " * 100, "he likes playing " * 100]
    _, found = finish(paragraph.every_pair(starter, trace, sentences))
    alone, _ = next_sentence.probabilities(starter, starter.trace(model.Scenario(*sentences)))
    assert found.is_next[0, 1] == pytest.approx(alone, abs=1e-5)


def test_it_gives_way_many_times(starter: model.Bert, trace: model.Trace) -> None:
    sentences = [f"{'my dog is cute ' * 8}{number}." for number in range(7)]
    fractions, _ = finish(paragraph.every_pair(starter, trace, sentences))
    assert len(fractions) >= 42 / (512 // 70)


def test_it_counts_the_successors_that_are_called_next_and_the_others() -> None:
    found = made_up([[0, 0.9, 0.6, 0.1], [0.2, 0, 0.4, 0.3], [0.1, 0.8, 0, 0.7], [0.1, 0.1, 0.1, 0]])
    assert found.successors.tolist() == pytest.approx([0.9, 0.4, 0.7])
    assert found.called_next == 2
    assert found.others_called_next == 2
    assert found.found_first == 2  # after the third the second is likelier than the fourth


def test_the_order_takes_the_likeliest_of_those_that_are_left() -> None:
    found = made_up([[0, 0.1, 0.9, 0.2], [0.9, 0, 0.9, 0.1], [0.99, 0.3, 0, 0.5], [0.9, 0.8, 0.9, 0]])
    assert found.order() == (0, 2, 3, 1)


def test_one_sentence_and_too_many_are_refused(starter: model.Bert, trace: model.Trace) -> None:
    for sentences in (["Alone."], ["Again."] * (paragraph.MOST + 1)):
        with pytest.raises(ValueError, match=f"this one has {len(sentences)}"):
            finish(paragraph.every_pair(starter, trace, sentences))


def test_a_model_without_the_head_is_refused(starter_folder: Path) -> None:
    bert = model.load(starter_folder.parent / "left-to-right")
    trace = bert.trace(model.Scenario("My dog is cute"))
    with pytest.raises(ValueError, match="no next-sentence head"):
        finish(paragraph.every_pair(bert, trace, ["One.", "Two."]))
