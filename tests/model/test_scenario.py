from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.scenario import Scenario

POSITIONS = st.integers(0, 600)
CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("mask"), POSITIONS),
        st.tuples(st.just("replace"), POSITIONS, st.text(max_size=5)),
        st.tuples(st.just("keep"), POSITIONS),
        st.tuples(st.just("flip"), POSITIONS),
        st.tuples(st.just("restore"), POSITIONS),
        st.tuples(st.just("toggle_head"), st.integers(0, 24), st.integers(0, 16)),
        st.tuples(st.just("toggle_layer"), st.integers(0, 24)),
        st.tuples(st.just("attend"), st.sampled_from([None, "both", "left-to-right"])),
    ),
    max_size=12,
)
# Lone surrogates included: a user can paste them.
TEXTS = st.text(st.characters(codec=None, exclude_categories=()), max_size=30)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    scenario = Scenario(draw(TEXTS), draw(TEXTS))
    for name, *arguments in draw(CHANGES):
        scenario = getattr(scenario, name)(*arguments)
    return scenario


@given(scenarios())
def test_a_scenario_written_down_reads_back_equal(scenario: Scenario) -> None:
    assert Scenario.from_json(scenario.to_json()) == scenario
    assert hash(Scenario.from_json(scenario.to_json())) == hash(scenario)


@given(scenarios(), POSITIONS)
def test_restoring_a_position_leaves_no_edit_there(scenario: Scenario, position: int) -> None:
    restored = scenario.mask(position).flip(position).restore(position)
    assert restored.edit_at(position) is None
    assert position not in restored.flips


def test_the_order_of_edits_does_not_matter() -> None:
    assert Scenario("a b").mask(1).keep(2) == Scenario("a b").keep(2).mask(1)


def test_a_later_edit_replaces_an_earlier_one_at_its_position() -> None:
    edited = Scenario("a").mask(1).replace(1, "dog")
    assert [edit.kind for edit in edited.edits] == ["replace"]


def test_flipping_twice_and_toggling_twice_change_nothing() -> None:
    plain = Scenario("a")
    assert plain.flip(1).flip(1) == plain
    assert plain.toggle_head(0, 1).toggle_head(0, 1).toggle_layer(2).toggle_layer(2) == plain


def test_a_scenario_cannot_be_changed_in_place() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Scenario("a").first = "b"  # type: ignore[misc]


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "[]",
        "{}",
        "null",
        '{"schema": 99}',
        Scenario("a").mask(1).to_json().replace('"mask"', '"erase"'),
        Scenario("a").mask(1).to_json().replace('"position": 1', '"position": -1'),
        Scenario("a").attend("both").to_json().replace('"both"', '"sideways"'),
        Scenario("a").replace(1, "dog").to_json().replace('"dog"', "7"),
        Scenario("a").to_json().replace('"first": "a"', '"first": 3'),
    ],
)
def test_a_broken_scenario_is_one_sentence(broken: str) -> None:
    with pytest.raises(ValueError, match=r"^This is no scenario of BERT Explorer: "):
        Scenario.from_json(broken)


def test_fields_of_a_later_version_are_ignored() -> None:
    written = Scenario("a").to_json().replace('"first"', '"colour": "red", "first"')
    assert Scenario.from_json(written) == Scenario("a")


@pytest.mark.parametrize("position", [-1, True, 1.0, "1"])
def test_a_position_that_is_none_is_refused(position: object) -> None:
    with pytest.raises(ValueError, match="count from 0"):
        Scenario("a").mask(position)  # type: ignore[arg-type]
