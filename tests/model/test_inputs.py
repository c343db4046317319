"""The rows that a BERT reads, against ``transformers``' tokenizer and against the chapter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import model
from model.config import BertConfig
from model.inputs import NO_LABEL, align, build, carry
from model.scenario import Scenario
from model.wordpiece import WordPiece

STARTER = Path(__file__).parents[2] / "resources" / "models" / "starter"


@pytest.fixture(scope="module")
def theirs() -> Any:
    from transformers import BertTokenizer

    return BertTokenizer.from_pretrained(STARTER)


def test_the_lectures_pair_gives_the_lectures_eleven_tokens(starter: model.Bert) -> None:
    rows = starter.trace(model.Scenario("My dog is cute", "he likes playing")).inputs
    assert rows.tokens == (
        "[CLS]", "my", "dog", "is", "cute", "[SEP]", "he", "likes", "play", "##ing", "[SEP]",
    )  # fmt: skip
    assert rows.segments.tolist() == [0] * 6 + [1] * 5
    assert rows.positions.tolist() == list(range(11))
    assert rows.labels.tolist() == [NO_LABEL] * 11


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("My dog is cute", "he likes playing"),
        ("just one", ""),
        ("cat " * 600, ""),
        ("cat " * 600, "dog " * 5),
        ("cat " * 5, "dog " * 600),
        ("cat " * 600, "dog " * 600),
        ("cat " * 254, "dog " * 256),
        ("cat " * 255, "dog " * 255),
        ("cat " * 300, "dog " * 255),
        ("cat " * 255, "dog " * 300),
        ("cat " * 256, "dog " * 253),
    ],
)
def test_the_packing_and_the_cut_are_those_of_transformers(
    starter: model.Bert, theirs: Any, first: str, second: str
) -> None:
    rows = build(starter.tokenizer, starter.config, model.Scenario(first, second))
    expected = theirs(first, second or None, truncation="longest_first", max_length=512)
    assert rows.input_ids.tolist() == expected["input_ids"]
    assert rows.segments.tolist() == expected["token_type_ids"]
    for text, pieces, cut in (
        (0, theirs.tokenize(first), rows.cut_first),
        (1, theirs.tokenize(second), rows.cut_second),
    ):
        read = [token for token, source in zip(rows.tokens, rows.texts, strict=True) if source == text]
        assert [*read, *cut] == pieces


def test_edits_change_the_input_and_leave_the_original_as_label(starter: model.Bert) -> None:
    question = model.Scenario("My dog is cute", "he likes playing").mask(2).replace(6, "king").keep(8).flip(1)
    rows = starter.trace(question).inputs
    assert [rows.tokens[i] for i in (2, 6, 8)] == ["[MASK]", "king", "play"]
    assert [rows.originals[i] for i in (2, 6, 8)] == ["dog", "he", "play"]
    labels = {i: int(label) for i, label in enumerate(rows.labels) if label != NO_LABEL}
    assert labels == {i: starter.tokenizer.id(rows.originals[i]) for i in (2, 6, 8)}
    assert rows.segments.tolist() == [0, 1] + [0] * 4 + [1] * 5


def test_offsets_point_into_the_typed_text(starter: model.Bert) -> None:
    texts = ("My  DOG is cúte", "he likes playing")
    rows = starter.trace(model.Scenario(*texts)).inputs
    spelt = [
        None if text is None or offset is None else texts[text][slice(*offset)]
        for text, offset in zip(rows.texts, rows.offsets, strict=True)
    ]
    assert spelt == [None, "My", "DOG", "is", "cúte", None, "he", "likes", "play", "ing", None]


@pytest.mark.parametrize(
    ("scenario", "sentence"),
    [
        (model.Scenario("", ""), "Sentence A is empty: type something"),
        (model.Scenario(" \t\n", "he likes"), "Sentence A is empty, so B has nothing to follow"),
        (model.Scenario("my dog").mask(4), "Position 4 is not there: the input has 4 tokens, 0 to 3"),
        (model.Scenario("my dog").flip(40), "Position 40 is not there"),
        (model.Scenario("my dog").replace(1, "supercalifragilistic"), "supercalifragilistic"),
    ],
)
def test_a_question_that_cannot_be_asked_is_one_sentence(
    starter: model.Bert, scenario: model.Scenario, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        starter.trace(scenario)


@pytest.mark.parametrize(
    "text",
    [
        "nul \0 here",
        "lone \ud800 surrogate",
        "שלום עולם",
        "مرحبا",
        "👩‍👩‍👧 family",
        "x" * 5_000,
        "a\u0301\u0301\u0301",
        "日本語",
    ],
)
def test_strange_text_is_traced(starter: model.Bert, text: str) -> None:
    trace = starter.trace(model.Scenario(text, text))
    assert abs(float(trace.attention.sum(-1).max()) - 1) < 1e-5


def test_a_model_with_one_segment_refuses_a_pair(tmp_path: Path) -> None:
    from tests.model.checkpoints import hugging_face

    hugging_face(tmp_path, "BertModel", type_vocab_size=1, hidden_size=8, num_attention_heads=2, intermediate_size=8)
    bert = model.load(tmp_path)
    bert.trace(model.Scenario("my dog"))
    with pytest.raises(ValueError, match="one segment only"):
        bert.trace(model.Scenario("my dog", "he likes"))


@pytest.mark.parametrize(
    ("before", "after", "mask", "expected"),
    [
        (("My dog is cute", "he likes playing"), ("My old dog is cute", "he likes playing"), 2, 3),
        (("My dog is cute", "he likes playing"), ("dog is cute", "he likes playing"), 2, 1),
        (("My dog is cute", "he likes playing"), ("My cat is cute", "he likes playing"), 2, None),
        (("My dog is cute", "he likes playing"), ("My dog", "he likes playing"), 8, 6),
        (("My dog is cute", "he likes playing"), ("My dog is cute", ""), 8, None),
        (("My dog is cute", ""), ("My dog is cute", "he likes"), 5, 5),
    ],
)
def test_an_edit_follows_its_token_when_the_text_changes(
    starter: model.Bert, before: tuple[str, str], after: tuple[str, str], mask: int, expected: int | None
) -> None:
    trace, lost = starter.rewrite(model.Scenario(*before).mask(mask), *after)
    assert [edit.position for edit in trace.scenario.edits] == ([] if expected is None else [expected])
    assert lost == (expected is None)


WORDS = st.lists(st.sampled_from(["my", "dog", "is", "cute", "playing", "he"]), min_size=1, max_size=12).map(" ".join)


@settings(max_examples=60, deadline=None)
@given(WORDS, WORDS, WORDS, WORDS)
def test_alignment_sends_each_token_to_an_equal_one_in_order(
    starter: model.Bert, first: str, second: str, third: str, fourth: str
) -> None:
    old, new = (
        build(starter.tokenizer, starter.config, model.Scenario(*texts)) for texts in ((first, second), (third, fourth))
    )
    moved = align(old, new)
    assert all(old.originals[here] == new.originals[there] for here, there in moved.items())
    assert list(moved.values()) == [moved[here] for here in moved]
    ordered = [moved[here] for here in sorted(moved)]
    assert ordered == sorted(set(ordered))


SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def split(pieces: tuple[str, ...], first: str, second: str = "") -> model.inputs.Inputs:
    tokenizer = WordPiece((*SPECIAL, *pieces))
    return build(
        tokenizer, BertConfig(vocab_size=len(tokenizer.tokens), max_position_embeddings=64), Scenario(first, second)
    )


def test_a_question_to_another_vocabulary_keeps_its_edits_on_their_characters() -> None:
    whole = split(("dogs", "play", "##ing"), "Dogs playing", "dogs")
    parts = split(("dog", "##s", "playing"), "Dogs playing", "dogs")
    assert whole.tokens == ("[CLS]", "dogs", "play", "##ing", "[SEP]", "dogs", "[SEP]")
    assert parts.tokens == ("[CLS]", "dog", "##s", "playing", "[SEP]", "dog", "##s", "[SEP]")
    assert carry(whole, parts) == {0: (0,), 1: (1, 2), 4: (4,), 5: (5, 6), 6: (7,)}  # playing is one piece there
    assert carry(parts, whole) == {0: (0,), 3: (2, 3), 4: (4,), 7: (6,)}


@given(st.text("ab ", min_size=1).filter(str.strip), st.sets(st.text("ab", min_size=2, max_size=4)), st.data())
@settings(max_examples=100, deadline=None)
def test_what_is_carried_has_the_same_characters_and_nothing_is_split(text: str, words: set[str], data: Any) -> None:
    every = ("a", "b", "##a", "##b")
    old = split((*every, *sorted(words)), text)
    new = split((*every, *sorted(data.draw(st.sets(st.text("ab", min_size=2, max_size=4))))), text)
    for place, places in carry(old, new).items():
        if (span := old.offsets[place]) is not None:
            assert [new.offsets[places[0]][0], new.offsets[places[-1]][1]] == list(span)
            assert list(places) == list(range(places[0], places[-1] + 1))
