from __future__ import annotations

import model
from model.packing import next_token_labels, output_labels, pair_labels

PAIR = model.Scenario("My dog is cute", "he likes playing")


def test_a_pair_is_asked_what_stood_there_and_whether_b_follows(starter: model.Bert) -> None:
    """The chapter's example: dog masked, he replaced by king, play kept."""
    inputs = starter.trace(PAIR.mask(2).replace(6, "king").keep(8)).inputs
    assert pair_labels(inputs, True) == ("IsNext", None, "dog", None, None, None, "he", None, "play", None, None)
    assert pair_labels(inputs, False)[0] == "NotNext"
    assert pair_labels(inputs, None)[0] is None


def test_one_sentence_alone_has_no_next_label(starter: model.Bert) -> None:
    inputs = starter.trace(model.Scenario("My dog is cute").mask(2)).inputs
    assert pair_labels(inputs, True) == (None, None, "dog", None, None, None)


def test_the_output_is_asked_for_under_itself_and_pad_under_the_source(starter: model.Bert) -> None:
    inputs = starter.trace(PAIR.mask(2).mask(7)).inputs
    pads = ("[PAD]",) * 6  # [CLS] my dog is cute [SEP]
    assert output_labels(inputs, "[PAD]") == (*pads, "he", "likes", "play", "##ing", "[SEP]")


def test_a_source_alone_has_no_output(starter: model.Bert) -> None:
    assert output_labels(starter.trace(model.Scenario("My dog")).inputs, "[PAD]") == ("[PAD]",) * 4


def test_left_to_right_every_token_is_asked_for_by_the_one_before_it(starter: model.Bert) -> None:
    inputs = starter.trace(model.Scenario("My dog is")).inputs
    assert next_token_labels(inputs) == ("my", "dog", "is", "[SEP]", None)
