"""Differences of two answers: nothing between an answer and itself, and by hand where texts are not the same."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import model
from model.lens import difference, layers, passes
from model.scenario import Scenario

PAIR = Scenario("My dog is cute", "He likes playing")


@pytest.fixture(scope="module")
def textbook() -> model.Bert:
    from pathlib import Path

    return model.load(Path(__file__).parents[3] / "resources" / "models" / "textbook")


def test_an_answer_and_itself_have_no_difference_anywhere(starter: model.Bert) -> None:
    trace = starter.trace(PAIR)
    matching = difference.match(trace.inputs, trace.inputs)
    assert matching.unmatched == 0
    out = np.full((11, 11), np.nan, dtype=np.float32)
    assert [out.any() for _ in difference.each_head(trace, trace, matching, out)] == [False] * 48
    assert not list(difference.each_head(trace, trace, matching, out, layers=[]))
    assert not difference.moved(trace, trace, matching).any()
    assert not difference.turned(trace, trace, matching).any()
    assert not difference.embeddings(trace, trace, matching).sum.any()
    changes = difference.predictions((starter, trace), (starter, trace), (2, 2))
    assert len(changes) == 10
    assert all(change.before == change.after for change in changes)
    lens = passes.result(difference.logit_lens((starter, trace), (starter, trace), matching))
    assert not lens.elsewhere.any()
    assert lens.now == lens.then
    rows = difference.candidates((starter, trace), (starter, trace), (2, 2))
    assert all(change.before == change.after for row in rows for change in row)


def test_a_masked_token_is_the_like_of_itself_unmasked(starter: model.Bert) -> None:
    before, after = starter.trace(PAIR), starter.trace(PAIR.mask(2))
    matching = difference.match(after.inputs, before.inputs)
    assert matching.unmatched == 0
    found = difference.attention(after, before, matching, (1, 3))
    np.testing.assert_array_equal(found, after.attention[1, 3] - before.attention[1, 3])


def test_a_word_that_was_not_there_is_left_blank_and_the_others_find_their_like(starter: model.Bert) -> None:
    before, after = starter.trace(Scenario("My dog is cute")), starter.trace(Scenario("My old dog is cute"))
    assert after.tokens == ("[CLS]", "my", "old", "dog", "is", "cute", "[SEP]")
    matching = difference.match(after.inputs, before.inputs)
    assert matching.unmatched == 1
    assert [matching.like(place) for place in range(7)] == [0, 1, None, 2, 3, 4, 5]
    found = difference.attention(after, before, matching, (2, 1))
    assert np.isnan(found[2]).all()
    assert np.isnan(found[:, 2]).all()
    assert np.isfinite(found).sum() == 36
    assert found[3, 5] == after.attention[2, 1, 3, 5] - before.attention[2, 1, 2, 4]  # dog → cute in both
    turned = difference.turned(after, before, matching)
    cute, was = after.hidden[4, 5].astype(float), before.hidden[4, 4].astype(float)
    assert turned[4, 5] == pytest.approx(1 - cute @ was / np.sqrt((cute @ cute) * (was @ was)), abs=1e-6)
    assert np.isnan(turned[:, 2]).all()


def test_a_word_further_on_starts_as_the_same_token_at_another_position(starter: model.Bert) -> None:
    before, after = starter.trace(Scenario("My dog is cute")), starter.trace(Scenario("My old dog is cute"))
    parts = difference.embeddings(after, before, difference.match(after.inputs, before.inputs))
    assert not parts.token[3].any()
    assert not parts.segment[3].any()
    np.testing.assert_allclose(parts.sum[3], parts.position[3], atol=1e-6)  # dog moved, and nothing else
    assert not parts.sum[1].any()  # my stands where it stood
    assert np.isnan(parts.output[2]).all()


def test_texts_that_changed_places_are_matched_with_themselves(starter: model.Bert) -> None:
    before, after = starter.trace(PAIR), starter.trace(PAIR.swapped())
    matching = difference.match(after.inputs, before.inputs)
    assert matching.unmatched == 0
    assert [before.tokens[place] for place in matching.before] == list(after.tokens)
    assert [matching.like(place) for place in (0, 1, 5, 6, 10)] == [0, 6, 5, 1, 10]  # [CLS] he [SEP] my [SEP]
    found = difference.attention(after, before, matching, (2, 1))
    assert found[1, 6] == after.attention[2, 1, 1, 6] - before.attention[2, 1, 6, 1]  # he → my in both


def test_all_heads_in_turn_are_each_by_itself_and_nothing_where_a_word_is_new(starter: model.Bert) -> None:
    before, after = starter.trace(Scenario("My dog")), starter.trace(Scenario("My old dog").attend("left-to-right"))
    for now, then in ((after, before), (before, after)):
        matching = difference.match(now.inputs, then.inputs)
        out = np.full((matching.size, matching.size), np.nan, dtype=np.float32)
        heads = 0
        for head in difference.each_head(now, then, matching, out):
            np.testing.assert_array_equal(out, np.nan_to_num(difference.attention(now, then, matching, head)))
            heads += 1
        assert heads == 48


def test_what_moved_is_half_of_what_changed_in_a_row_that_both_have(starter: model.Bert) -> None:
    before, after = starter.trace(Scenario("My dog is cute")), starter.trace(Scenario("My old dog is cute"))
    here, there = [0, 1, 3, 4, 5, 6], [0, 1, 2, 3, 4, 5]
    found = difference.moved(after, before, difference.match(after.inputs, before.inputs))
    for head in np.ndindex(6, 8):
        sizes = [
            abs(float(after.attention[head][row, column]) - float(before.attention[head][was, of]))
            for row, was in zip(here, there, strict=True)
            for column, of in zip(here, there, strict=True)
        ]
        to_old = sum(float(after.attention[head][row, 2]) for row in here)
        assert found[head] == pytest.approx((sum(sizes) + to_old) / 2 / 6, rel=1e-5)


def test_attention_to_words_that_only_one_text_has_goes_elsewhere(starter: model.Bert) -> None:
    after, before = starter.trace(Scenario("My dog is")), starter.trace(Scenario("My cat is"))
    first, last = np.zeros_like(after.attention), np.zeros_like(before.attention)
    first[..., 0] = last[..., 0] = 0.5  # all look at [CLS] with a half in both
    first[..., 2], first[..., 3] = 0.3, 0.2  # dog, is
    last[..., 2] = 0.5  # cat
    after = dataclasses.replace(after, attention=first)
    before = dataclasses.replace(before, attention=last)
    matching = difference.match(after.inputs, before.inputs)
    assert matching.places.tolist() == [0, 1, -1, 3, 4]
    # dog has 0.3, is 0.2 more, and cat had 0.5: half of their sum
    np.testing.assert_allclose(difference.moved(after, before, matching), 0.5, rtol=1e-6)


def test_a_head_that_looks_elsewhere_altogether_moved_whole(starter: model.Bert) -> None:
    trace = starter.trace(Scenario("My dog is cute"))
    first, last = np.zeros_like(trace.attention), np.zeros_like(trace.attention)
    first[..., 0] = last[..., -1] = 1
    after, before = (dataclasses.replace(trace, attention=attention) for attention in (last, first))
    np.testing.assert_allclose(difference.moved(after, before, difference.match(after.inputs, before.inputs)), 1)


def test_each_row_moved_by_itself_and_whole_where_it_looks_at_what_is_new(starter: model.Bert) -> None:
    before, after = starter.trace(Scenario("My dog is cute")), starter.trace(Scenario("My old dog is cute"))
    first, last = np.zeros((6, 8, 6, 6), np.float32), np.zeros((6, 8, 7, 7), np.float32)
    first[..., 0] = last[..., 0] = 1
    last[2, 3, 4] = [0, 0, 0.25, 0, 0.75, 0, 0]  # is looks at old and at itself
    last[2, 3, 5] = [0.5, 0, 0.5, 0, 0, 0, 0]  # cute still looks at [CLS], and half at old
    after, before = (
        dataclasses.replace(trace, attention=attention) for trace, attention in ((after, last), (before, first))
    )
    matching = difference.match(after.inputs, before.inputs)
    np.testing.assert_array_equal(difference.moved_rows(after, before, matching, (2, 3)), [0, 0, np.nan, 0, 1, 0.5, 0])
    assert not np.nan_to_num(difference.moved_rows(after, before, matching, (2, 4))).any()
    assert difference.moved(after, before, matching)[2, 3] == pytest.approx((1 + 0.5) / 6)  # the mean of the six


@settings(deadline=None)  # a pass takes as long as the machine is busy
@given(words=st.lists(st.sampled_from(["my", "dog", "is", "cute", "he"]), min_size=1, max_size=8), data=st.data())
def test_likes_are_the_same_piece_and_keep_their_order(
    starter: model.Bert, words: list[str], data: st.DataObject
) -> None:
    other = data.draw(st.permutations(words))
    one, two = (starter.trace(Scenario(" ".join(text))).inputs for text in (words, other))
    matching = difference.match(one, two)
    assert [one.tokens[place] for place in matching.after] == [two.tokens[place] for place in matching.before]
    assert (np.diff(matching.after) > 0).all()
    assert (np.diff(matching.before) > 0).all()


def test_predictions_are_those_of_both_answers_by_how_much_they_changed(starter: model.Bert) -> None:
    before, after = starter.trace(PAIR), starter.trace(PAIR.mask(2))
    changes = difference.predictions((starter, after), (starter, before), (2, 2), top=5)
    sizes = [abs(change.after - change.before) for change in changes]
    assert sizes == sorted(sizes, reverse=True)
    ways = [dict(model.lens.masked_lm.predictions(starter, trace, 2, top=100)) for trace in (before, after)]
    for change in changes:
        for found, way in zip((change.before, change.after), ways, strict=True):
            assert change.piece not in way or found == pytest.approx(way[change.piece], rel=1e-5)


def test_models_of_other_sizes_have_no_difference_and_it_says_what_to_do(
    starter: model.Bert, textbook: model.Bert
) -> None:
    after, before = starter.trace(Scenario("My dog is cute")), textbook.trace(Scenario("My dog is cute"))
    matching = difference.match(after.inputs, before.inputs)
    with pytest.raises(ValueError, match="by textbook, which has 2 × 2 layers and heads, and starter has 6 × 8"):
        difference.attention(after, before, matching, (0, 0))
    with pytest.raises(ValueError, match="another vocabulary"):
        difference.predictions((starter, after), (textbook, before), (1, 1))


def test_each_layer_shows_where_its_first_guess_is_another_and_how_much_it_moved(starter: model.Bert) -> None:
    before, after = starter.trace(Scenario("My dog is cute")), starter.trace(Scenario("My old dog is cute").mask(3))
    matching = difference.match(after.inputs, before.inputs)
    found = passes.result(difference.logit_lens((starter, after), (starter, before), matching))
    assert np.isnan(found.elsewhere[:, 2]).all()
    assert {row[2] for row in found.now + found.then} == {""}
    for height in (0, 4, 6):
        now = layers.probabilities(starter, after, 3)[height].astype(float)
        then = layers.probabilities(starter, before, 2)[height].astype(float)
        assert found.elsewhere[height, 3] == pytest.approx(np.maximum(now - then, 0).sum(), abs=1e-5)
        assert found.now[height][3] == starter.tokenizer.tokens[now.argmax()]
        assert found.then[height][3] == starter.tokenizer.tokens[then.argmax()]


def test_the_candidates_of_each_layer_are_those_that_changed_most_there(starter: model.Bert) -> None:
    before, after = starter.trace(PAIR), starter.trace(PAIR.mask(2))
    rows = difference.candidates((starter, after), (starter, before), (2, 2), top=3)
    assert [len(row) for row in rows] == [3] * 7
    now, then = (layers.probabilities(starter, trace, 2)[4] for trace in (after, before))
    for change in rows[4]:
        entry = starter.tokenizer.id(change.piece)
        assert (change.before, change.after) == pytest.approx((float(then[entry]), float(now[entry])))
    sizes = [abs(change.after - change.before) for change in rows[4]]
    assert sizes == sorted(sizes, reverse=True)


def test_numbers_of_the_pinned_tokens_stand_where_their_like_now_stands(starter: model.Bert) -> None:
    before, after = starter.trace(Scenario("My dog is cute")), starter.trace(Scenario("My old dog is cute"))
    matching = difference.match(after.inputs, before.inputs)
    found = difference.aligned(np.arange(6, dtype=np.float32), matching)
    np.testing.assert_array_equal(found, [0, 1, np.nan, 2, 3, 4, 5])
