"""Every number on screen is one that the trace holds or that follows from it: worked out once more, in NumPy alone.

Weights are read from the file; what the network makes of other inputs comes from further passes of the model, which is
held against ``transformers`` elsewhere. No lens is asked.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pytestqt.qtbot import QtBot
from safetensors.numpy import load_file

from explorer.export import Sheet
from explorer.tabs.embeddings import EmbeddingsTab
from explorer.tabs.masked_lm import MaskedLMTab
from explorer.tabs.next_sentence import NextSentenceTab
from explorer.tabs.tokens import TokensTab
from explorer.widgets.bars import Bars
from explorer.widgets.figures import signed
from explorer.widgets.model_card import ModelCard
from explorer.widgets.page import Page
from explorer.widgets.picture import Picture
from explorer.widgets.status import SelectionLabel
from explorer.widgets.switched_page import SwitchedPage
from explorer.window import Window
from model.bert import Bert
from model.scenario import Scenario
from model.trace import Trace
from tests.explorer.conftest import Answered
from tests.model.checkpoints import VOCABULARY

ASKED = Scenario("My dog is cute", "he likes playing").mask(2).flip(8)

Array = NDArray[Any]


@dataclass(frozen=True)
class World:
    """The window on a question, and what its numbers follow from."""

    window: Window
    trace: Trace
    bert: Bert  # for further passes only
    weights: dict[str, Array]
    words: list[str]  # the vocabulary
    rest: Callable[[], None]

    def show(self, name: str) -> Page:
        self.window.show_tab(name)
        self.rest()
        return self.window.pages[name]

    def table(self, name: str) -> Array:
        return self.weights[f"bert.embeddings.{name}_embeddings.weight"]

    def mlm(self, hidden: Array) -> Array:
        """(V,) probabilities that the MLM head makes of a hidden state (D,)."""
        head = "cls.predictions"
        inner = hidden @ self.weights[f"{head}.transform.dense.weight"].T + self.weights[f"{head}.transform.dense.bias"]
        inner = inner * (1 + np.vectorize(math.erf)(inner / math.sqrt(2))) / 2
        inner = normalised(
            inner,
            self.weights[f"{head}.transform.LayerNorm.weight"],
            self.weights[f"{head}.transform.LayerNorm.bias"],
        )
        return softmax(self.table("word") @ inner + self.weights[f"{head}.bias"])

    def pooled(self, hidden: Array) -> Array:
        """(D,) what the pooler makes of the last hidden states (T, D)."""
        return np.tanh(hidden[0] @ self.weights["bert.pooler.dense.weight"].T + self.weights["bert.pooler.dense.bias"])

    def is_next(self, hidden: Array) -> float:
        weight, bias = (self.weights[f"cls.seq_relationship.{name}"] for name in ("weight", "bias"))
        return float(softmax(weight @ self.pooled(hidden) + bias)[0])


@pytest.fixture
def world(window: Window, answered: Answered, starter: Bert, starter_folder: Path, qtbot: QtBot) -> World:
    answered(lambda: window.workspace.ask(ASKED))
    trace = window.workspace.trace
    assert trace is not None
    assert trace.scenario == ASKED
    weights = {
        name: array.astype(np.float64) for name, array in load_file(starter_folder / "model.safetensors").items()
    }
    words = (starter_folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    return World(
        window,
        trace,
        starter,
        weights,
        words,
        lambda: qtbot.waitUntil(lambda: window.workspace.worker.is_idle, timeout=30_000),
    )


def softmax(logits: Array) -> Array:
    shares = np.exp(logits - logits.max())
    return shares / shares.sum()


def normalised(rows: Array, weight: Array, bias: Array) -> Array:  # BERT's epsilon of 1e-12 is nothing beside these
    centred = rows - rows.mean(axis=-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True)) * weight + bias


def cosines(rows: Array, others: Array | None = None) -> Array:
    one, other = (
        array / np.linalg.norm(array, axis=-1, keepdims=True) for array in (rows, rows if others is None else others)
    )
    return one @ other.T


def plain(text: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", text)).replace("\u200e\u2068", "").replace("\u2069", "").replace("\xa0", " ")


def near(found: Array, expected: Array, bound: float = 2e-5) -> None:
    np.testing.assert_allclose(np.asarray(found, dtype=np.float64), expected, atol=bound)


def numbers_of(sheet: Sheet) -> Array:
    return np.asarray(sheet.values, dtype=np.float64)


def test_the_input_table_says_what_the_network_reads(world: World) -> None:
    page = world.show("tokens")
    assert isinstance(page, TokensTab)
    sheet = page.table.rows.sheet()
    rows = dict(zip(sheet.rows, sheet.values.tolist(), strict=True))
    read = ["[CLS]", "my", "[MASK]", "is", "cute", "[SEP]", "he", "likes", "play", "##ing", "[SEP]"]
    typed = ["[CLS]", "my", "dog", "is", "cute", "[SEP]", "he", "likes", "play", "##ing", "[SEP]"]
    assert rows["pieces"] == typed
    assert rows["ids"] == [str(world.words.index(piece)) for piece in typed]
    assert rows["token"] == read
    assert rows["id"] == [str(world.words.index(piece)) for piece in read] == [str(i) for i in world.trace.input_ids]
    assert rows["segment"] == ["A 0"] * 6 + ["B 1"] * 2 + ["A 0"] + ["B 1"] * 2  # play was flipped
    assert rows["position"] == [str(place) for place in range(11)]
    assert rows["mask"] == ["1"] * 11
    assert rows["label"] == ["IsNext", "–", "dog", *["–"] * 8]


def test_the_vocabulary_is_the_file_line_by_line(world: World) -> None:
    page = world.show("tokens")
    assert isinstance(page, TokensTab)
    sheet = page.vocabulary.table.rows.sheet()
    assert list(sheet.rows) == [str(number) for number in range(len(world.words))]
    assert [row[0] for row in sheet.values.tolist()] == world.words


def test_the_addends_are_rows_of_the_three_tables_and_their_sum_adds_up(world: World) -> None:
    page = world.show("embeddings")
    assert isinstance(page, EmbeddingsTab)
    ids, segments = world.trace.input_ids, world.trace.segments
    parts = [world.table("word")[ids], world.table("token_type")[segments], world.table("position")[: len(ids)]]
    whole = sum(parts)
    norm = [world.weights[f"bert.embeddings.LayerNorm.{name}"] for name in ("weight", "bias")]
    expected = np.stack([*parts, whole, normalised(whole, *norm)], axis=1).reshape(5 * len(ids), -1)
    near(numbers_of(page.addition.picture.sheet()), expected)
    for place, heatmap in enumerate(page.addition.maps):
        near(heatmap.values, expected[place::5])
    world.window.workspace.select(token=3)
    written = re.findall(r"−?\d+\.\d{4}", plain(page.addition.reading))
    assert written == [signed(float(number), 4) for number in expected[15:20, 0]]


def test_cosines_are_those_of_the_vectors(world: World) -> None:
    page = world.show("embeddings")
    assert isinstance(page, EmbeddingsTab)
    page.switch.choose(1)
    world.rest()
    heights = [world.table("word")[world.trace.input_ids], world.trace.embeddings.output, world.trace.hidden[-1]]
    world.window.workspace.select(token=3)
    world.rest()
    for place, vectors in enumerate(heights):
        page.cosines.stage.choose(place)
        near(numbers_of(page.cosines.picture.sheet()), cosines(vectors))
    written = re.findall(r"−?\d\.\d\d", plain(page.cosines.reading))
    row, column = page.cosines.heatmap.cell or (0, 0)
    assert row == 3
    assert written == [signed(float(cosines(vectors)[row, column]), 2) for vectors in heights]

    with np.errstate(invalid="ignore"):  # [PAD] has no direction
        similarity = np.nan_to_num(
            cosines(world.table("word"), world.table("word")[world.trace.input_ids[3]][None])[:, 0]
        )
    similarity[world.trace.input_ids[3]] = -1
    best = np.argsort(-similarity)[:10]
    sheet = page.cosines.neighbours.sheet()
    assert list(sheet.rows) == [world.words[entry] for entry in best]
    near(numbers_of(sheet)[:, 0], similarity[best])


def test_positions_are_compared_as_their_table_has_them(world: World) -> None:
    page = world.show("embeddings")
    assert isinstance(page, EmbeddingsTab)
    page.switch.choose(2)
    world.rest()
    similarity = cosines(world.table("position"))
    near(numbers_of(page.positions.picture.sheet()), similarity)
    count = world.bert.trained_length
    trained = similarity[:count, :count]
    for bar in page.positions.distances.bars:
        apart = int(bar.label.split()[0])
        assert bar.share == pytest.approx(np.diagonal(trained, apart).mean(), abs=1e-5)
    neighbours = signed(float(np.diagonal(trained, 1).mean()), 2), signed(float(np.diagonal(trained, 50).mean()), 2)
    assert re.findall(r"−?\d\.\d\d", plain(page.answer)) == list(neighbours)


def test_a_flip_changes_what_another_pass_says(world: World) -> None:
    page = world.show("embeddings")
    assert isinstance(page, EmbeddingsTab)
    page.switch.choose(3)
    world.window.workspace.select(token=4)
    world.rest()
    vectors, changes = (picture.sheet() for picture in page.flip.findChildren(Picture))
    first, second = world.table("token_type")
    near(numbers_of(vectors), np.stack([first, second, second - first]))
    other = world.bert.trace(ASKED.flip(4))
    lengths = np.linalg.norm(world.trace.hidden, axis=-1) * np.linalg.norm(other.hidden, axis=-1)
    cosine = (world.trace.hidden * other.hidden).sum(axis=-1) / lengths
    near(numbers_of(changes), 1 - cosine)
    summed = [trace.embeddings.sum[4] for trace in (world.trace, other)]
    expected = [
        signed(float(np.linalg.norm(second - first)), 2),
        signed(float(cosines(summed[0][None], summed[1][None])[0, 0]), 3),
        signed(float(cosine[0, 4]), 3),
        signed(float(cosine[-1, 4]), 3),
        signed(float(np.delete(cosine[-1], 4).min()), 3),
    ]
    assert re.findall(r"−?\d\.\d+", plain(page.answer)) == expected


def test_attention_is_the_softmax_of_query_and_key(world: World) -> None:
    page = world.show("attention")
    world.window.workspace.select(head=(2, 4), cell=(8, 9), token=8)
    world.rest()
    query, key = world.trace.query[2, 4].astype(np.float64), world.trace.key[2, 4]
    expected = np.stack([softmax(row) for row in query @ key.T / math.sqrt(query.shape[-1])])
    sheets = [picture.sheet() for picture in page.findChildren(Picture)]
    maps = [sheet for sheet in sheets if np.shape(sheet.values) == expected.shape]
    assert maps
    for sheet in maps:
        near(numbers_of(sheet), expected)
    label = world.window.findChild(SelectionLabel)
    assert isinstance(label, SelectionLabel)
    assert label.text().endswith(f"{expected[8, 9]:.2f}")


def test_what_heads_do_is_counted_over_their_weights(world: World) -> None:
    page = world.show("attention")
    world.rest()
    sheets = [picture.sheet() for picture in page.findChildren(Picture)]
    table = next(sheet for sheet in sheets if "entropy" in sheet.columns)
    columns = dict(zip(table.columns, np.asarray(table.values).T, strict=True))
    size, attention = len(world.trace.tokens), world.trace.attention.astype(np.float64)
    rows = attention.reshape(-1, size, size)
    apart = np.abs(np.subtract.outer(np.arange(size), np.arange(size)))
    first, last = np.arange(6), np.arange(6, size)
    second = np.array(world.trace.segments) == 1
    expected = {
        "entropy": -(rows * np.log(np.maximum(rows, 1e-30))).sum(-1).mean(-1),
        "distance": (rows * apart).sum((1, 2)) / size,
        "cls": rows[:, :, 0].mean(-1),
        "sep": rows[:, :, [first[-1], last[-1]]].sum(-1).mean(-1),
        "previous": np.array([np.diagonal(row, -1).mean() for row in rows]),
        "next": np.array([np.diagonal(row, 1).mean() for row in rows]),
        "itself": np.array([np.diagonal(row).mean() for row in rows]),
        "a_to_b": np.array([row[~second][:, second].sum(-1).mean() for row in rows]),
        "b_to_a": np.array([row[second][:, ~second].sum(-1).mean() for row in rows]),
    }
    for name, numbers in expected.items():
        near(columns[name].astype(float), numbers)


def test_candidates_are_the_heads_softmax_over_the_vocabulary(world: World) -> None:
    page = world.show("masked-lm")
    assert isinstance(page, MaskedLMTab)
    world.window.workspace.select(token=2)
    world.rest()
    shares = world.mlm(world.trace.hidden[-1, 2])
    best = np.argsort(-shares)[:10]
    sheet = page.predictions.bars.sheet()
    assert list(sheet.rows) == [world.words[entry] for entry in best]
    near(numbers_of(sheet)[:, 0], shares[best])
    rank = int((shares > shares[world.words.index("dog")]).sum()) + 1
    told = re.search(rf"dog comes in place {rank}, with ([\d.]+) %", plain(page.answer))
    assert told is not None
    assert float(told[1]) == pytest.approx(100 * shares[world.words.index("dog")], abs=0.051)

    page.predictions.word.setText("horse")
    world.rest()
    share = shares[world.words.index("horse")]
    rank = int((shares > share).sum()) + 1
    found = re.fullmatch(
        rf"horse: place ([\d,]+) of {VOCABULARY:,}, with (?:≤ )?([\d.]+) %\.", plain(page.predictions.score.text())
    )
    assert found is not None
    assert int(found[1].replace(",", "")) == rank
    assert float(found[2]) == pytest.approx(share * 100, abs=0.051)


def test_a_word_of_two_pieces_is_the_product_of_both(world: World) -> None:
    page = world.show("masked-lm")
    assert isinstance(page, MaskedLMTab)
    world.window.workspace.select(token=2)
    page.predictions.word.setText("playing")
    world.rest()
    sentence = "My {} is cute"
    bert = world.bert  # the same question with as many masks typed; the flip stays on play, which is one further right
    both = bert.trace(Scenario(sentence.format("[MASK] [MASK]"), "he likes playing").flip(9))
    rest = bert.trace(Scenario(sentence.format("play [MASK]"), "he likes playing").flip(9))
    factors = [
        float(world.mlm(trace.hidden[-1, place])[world.words.index(piece)])
        for trace, place, piece in ((both, 2, "play"), (rest, 3, "##ing"))
    ]
    product = page.predictions.score.text()
    assert "play ##ing" in plain(product)
    written = [float(number) for number in re.findall(r"([\d.]+) %", plain(product))]
    assert written[:2] == pytest.approx([100 * factor for factor in factors], rel=0.01, abs=0.051)
    assert written[2] == pytest.approx(100 * factors[0] * factors[1], abs=0.051)


def test_surprise_is_that_of_each_token_masked_in_turn(world: World) -> None:
    page = world.show("masked-lm")
    assert isinstance(page, MaskedLMTab)
    world.rest()
    expected = np.full(11, np.nan)
    for place, token in enumerate(world.trace.inputs.originals):
        if token not in ("[CLS]", "[SEP]"):
            hidden = world.bert.trace(ASKED.mask(place)).hidden[-1, place]
            expected[place] = -math.log(world.mlm(hidden)[world.words.index(token)])
    near(numbers_of(page.predictions.surprises.sheet())[:, 0], expected, 1e-3)


def test_the_way_from_cls_to_the_verdict_is_the_weights(world: World) -> None:
    page = world.show("next-sentence")
    assert isinstance(page, NextSentenceTab)
    weight, bias = (world.weights[f"cls.seq_relationship.{name}"] for name in ("weight", "bias"))
    pooled = world.pooled(world.trace.hidden[-1])
    sheet = page.verdict.path.picture.sheet()
    order = [int(column) for column in sheet.columns]
    near(numbers_of(sheet), np.stack([pooled, *weight, *(weight * pooled)])[:, order])
    shares = softmax(weight @ pooled + bias)
    near(numbers_of(page.verdict.bars.sheet())[:, 0], shares)
    logits = weight @ pooled + bias
    written = [
        float(number.replace("−", "-"))
        for number in re.findall(r"−?\d+\.\d{4}", plain(page.verdict.path.table.replace("</td>", " ")))
    ]
    exponentials = np.exp(logits - logits.max())
    rows = np.stack([weight @ pooled, bias, logits, exponentials, shares], axis=1)
    near(np.array(written), np.array([*rows.ravel(), logits.max(), exponentials.sum()]), 1.01e-4)


def test_swap_and_flips_are_other_passes(world: World) -> None:
    page = world.show("next-sentence")
    assert isinstance(page, NextSentenceTab)
    world.rest()
    swapped = world.is_next(world.bert.trace(Scenario("he likes playing", "My dog is cute")).hidden[-1])
    assert f"{swapped:.0%}".replace("%", " %") in plain(page.verdict.other_way_round)
    now = world.is_next(world.trace.hidden[-1])
    flipped = [world.is_next(world.bert.trace(ASKED.flip(place)).hidden[-1]) for place in range(11)]
    near(numbers_of(page.verdict.changes.sheet())[:, 0], 100 * (np.array(flipped) - now), 2e-3)


def test_the_model_card_counts_the_weights_of_the_file(world: World) -> None:
    world.window.show_card()
    world.rest()
    card = world.window.findChild(ModelCard)
    assert isinstance(card, ModelCard)
    sheet = card.picture.sheet()
    total = sum(array.size for name, array in world.weights.items() if "decoder" not in name)
    assert sum(row[-1] for row in sheet.values.tolist()) == total
    assert f"{total:,} weights" in card.summary.text()
    card.close()


def test_a_table_of_numbers_and_a_list_of_bars_say_what_their_picture_draws(world: World) -> None:
    for name, page in world.window.pages.items():
        world.show(name)
        for view in page.views if isinstance(page, SwitchedPage) else (page,):
            if isinstance(page, SwitchedPage):
                page.switch.choose(page.views.index(view))
                world.rest()
            for picture in (picture for picture in view.findChildren(Picture) if picture.isVisible()):
                _compare(picture)


def _compare(picture: Picture) -> None:
    sheet = picture.sheet()
    assert np.shape(sheet.values) == (len(sheet.rows), len(sheet.columns))
    if isinstance(picture.view, Bars):
        for place, bar in enumerate(picture.view.bars):
            picture.view._go(place)
            spoken = re.search(r"−?[\d.]+", picture.view.accessibleDescription().replace(bar.label, "", 1))
            assert spoken is not None
            scale = 100 if "%" in picture.view.accessibleDescription() else 1
            assert float(spoken[0].replace("−", "-")) == pytest.approx(
                bar.share * scale, abs=0.051 if scale > 1 else 0.0051
            )
    if picture.table is not None:
        picture.show_numbers(True)
        numbers = picture.table.numbers
        assert (numbers.rowCount(), numbers.columnCount()) == np.shape(sheet.values)
        for row, column in {
            (0, 0),
            (len(sheet.rows) // 2, len(sheet.columns) // 3),
            (len(sheet.rows) - 1, len(sheet.columns) - 1),
        }:
            value = sheet.values[row][column]  # of heads also the name of a pattern
            assert numbers.index(row, column).data() == (value if isinstance(value, str) else signed(float(value)))
        picture.show_numbers(False)
