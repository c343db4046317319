from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.widgets.curves import Curves, RunCurves
from tests.explorer.paints import Paints

BASELINES = {"uniform": 6.63, "unigram_entropy": 4.90, "floor": 1.21, "next_sentence": 0.693}

Measures = dict[str, NDArray[Any]]


def lines(count: int, every: int = 10, **other: NDArray[Any]) -> Measures:
    """As many lines of metrics: the MLM loss of line k is 7 - k / count, the NSP loss a fifth of that."""
    mlm = (7 - np.arange(count) / count).astype(np.float32)
    made: Measures = {"step": np.arange(1.0, count + 1) * every, "mlm_loss": mlm, "nsp_loss": mlm / 5}
    return made | {"loss": mlm * 1.2} | {key: value.astype(np.float32) for key, value in other.items()}


def run(
    train: Measures, validation: Measures | None = None, name: str = "run", steps: int = 0, **baselines: float
) -> RunCurves:
    return RunCurves(name, train, validation or {}, baselines, steps)


@pytest.fixture
def shown(qtbot: QtBot, light: None) -> Callable[..., Curves]:
    def shown(*runs: RunCurves) -> Curves:
        curves = Curves()
        qtbot.addWidget(curves)
        curves.resize(640, 520)
        curves.show_runs(runs)
        with qtbot.waitExposed(curves):
            curves.show()
        QApplication.processEvents()
        return curves

    return shown


Shown = Callable[..., Curves]


def said(curves: Curves) -> str:
    """What a screen reader is told that the curves read."""
    return curves.plot.accessibleDescription()


def test_the_last_values_are_said(shown: Shown) -> None:
    curves = shown(run(lines(4), lines(2, every=20)))
    assert said(curves) == "MLM 6.25 · NSP 1.25 · total 7.50 at step 40\nvalidation: MLM 6.50 · NSP 1.30 at step 40"


def test_hovering_says_the_values_at_the_step_below_the_mouse_until_the_mouse_leaves(
    shown: Shown, qtbot: QtBot
) -> None:
    curves = shown(run(lines(4), lines(2, every=20)))
    qtbot.mouseMove(curves.plot, curves.plot.place(11.5, 3.0).toPoint())
    assert said(curves) == "MLM 7.00 · NSP 1.40 · total 8.40 at step 10\nvalidation: none before step 20"
    qtbot.mouseMove(curves.plot, curves.plot.place(29.0, 3.0).toPoint())
    assert said(curves).startswith("MLM 6.50 · NSP 1.30 · total 7.80 at step 30\nvalidation: MLM 7.00")
    QApplication.sendEvent(curves.plot, QEvent(QEvent.Type.Leave))
    assert "at step 40" in said(curves)


def test_arrow_keys_step_through_the_points(shown: Shown, qtbot: QtBot) -> None:
    curves = shown(run(lines(40)))
    keys = (Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_Left)
    seen = []
    for key in (*keys, Qt.Key.Key_PageDown, Qt.Key.Key_End, Qt.Key.Key_Escape):
        qtbot.keyClick(curves.plot, key)
        seen.append(curves.plot.step)
    assert seen == [400, 390, 400, 400, 10, 10, 110, 400, None]


def test_the_step_that_is_read_stays_while_the_run_goes_on(shown: Shown) -> None:
    curves = shown(run(lines(40)))
    curves.plot.read(200.0)
    curves.show_runs([run(lines(80))])
    assert curves.plot.step == 200
    curves.show_runs([run(lines(10))])  # a resume cut what followed
    assert curves.plot.step == 100


def test_lines_that_are_added_while_one_looks_wait_for_the_next_drawing(shown: Shown) -> None:
    train = lines(4)
    curves = shown(run(train))
    train.update(lines(8))
    curves.plot.read(10.0)
    curves.plot.read(None)
    assert "at step 40" in said(curves)


def test_one_high_value_among_an_hour_of_lines_is_seen(shown: Shown) -> None:
    train = lines(36_000)
    train["mlm_loss"][20_000] = 20.0
    curves = shown(run(train))
    image, top = curves.plot.grab().toImage(), curves.plot.place(train["step"][20_000], 19.0).toPoint()
    line = curves.plot.drawing.curves[0].series.colour()
    light = QColor(theme.mixed(line, theme.palette().paper, 0.6))

    def is_drawn(x: int) -> bool:
        seen = image.pixelColor(x, top.y())
        return seen.blue() - seen.red() > (light.blue() - light.red()) / 4

    found = [x for x in range(top.x() - 40, top.x() + 41) if is_drawn(x)]
    assert found
    assert all(abs(x - top.x()) <= 2 for x in found)


def test_the_steps_go_on_to_where_the_run_is_planned_to_end_or_went(shown: Shown) -> None:
    for steps, last in ((5000, 5000), (0, 400), (100, 400)):
        assert shown(run(lines(40), steps=steps)).plot.drawing.last == last


def test_before_the_first_steps_a_sentence_says_so(shown: Shown) -> None:
    sentence = "No figures yet: they come with the first steps."
    for curves in (shown(), shown(run({}))):
        assert curves.plot.drawing.curves == []
        assert curves.plot.drawing.empty == said(curves) == sentence
        curves.plot.grab()


def test_what_a_run_has_not_measured_is_said(shown: Shown) -> None:
    curves = shown(run(lines(4)))
    curves.choose("update-by-layer")
    assert curves.plot.drawing.empty == "This run has not measured it."


def test_a_run_without_next_sentences_has_one_line_and_no_total(shown: Shown) -> None:
    train = lines(4)
    train["loss"] = train["mlm_loss"]
    train["nsp_loss"] = np.full(4, np.nan, np.float32)
    assert said(shown(run(train))) == "MLM 6.25 at step 40"


def test_other_runs_are_laid_over_with_names_and_values_of_their_own(shown: Shown) -> None:
    curves = shown(run(lines(4), name="one"), run(lines(5), name="<two>"))
    assert curves.plot.drawing.runs == ["one", "<two>"]
    assert said(curves).splitlines() == [
        "one: MLM 6.25 · NSP 1.25 · total 7.50 at step 40",
        "<two>: MLM 6.20 · NSP 1.24 at step 50",
    ]
    curves.plot.grab()


def test_layers_are_named_at_their_ends_and_read_in_their_order(shown: Shown) -> None:
    names = ["pooler", "layer 10", "layer 2", "embeddings", *(f"layer {layer}" for layer in (1, 3, 4, 5, 6, 7, 8, 9))]
    train = lines(4, **{f"grad_norm_by_layer/{name}": np.full(4, len(name) / 10) for name in names})
    train["grad_norm_by_layer/layer 2"][:] = 0.25
    curves = shown(run(train))
    curves.choose("gradient-by-layer")
    series = [curve.series for curve in curves.plot.drawing.curves]
    assert [entry.name for entry in series if entry.named] == ["embeddings", "layer 1", "layer 10", "pooler"]
    assert "embeddings 1.00 · layers 1 to 10: 0.700 0.250 0.700" in said(curves)


def test_by_layer_only_the_run_that_is_named_is_drawn(shown: Shown) -> None:
    train = lines(4, **{"update_by_layer/layer 1": np.full(4, 0.5)})
    curves = shown(run(train, name="one"), run(train, name="two"))
    curves.choose("update-by-layer")
    assert [curve.run for curve in curves.plot.drawing.curves] == [0]
    assert said(curves) == "one: layers 1 to 1: 0.500 at step 40"


def test_the_learning_rate_is_drawn_as_it_was(shown: Shown) -> None:
    curves = shown(run(lines(4, learning_rate=np.array([1e-4, 2e-4, 1e-3, 1.5e-4]))))
    curves.choose("learning-rate")
    assert not curves.smoothing.isEnabled()
    assert [curve.smooth for curve in curves.plot.drawing.curves] == [None]
    assert said(curves) == "rate 1.50e-4 at step 40"


def test_a_logarithmic_axis_leaves_out_what_has_no_place_on_it(shown: Shown) -> None:
    curves = shown(run(lines(4, grad_norm=np.array([0.0, 0.01, 10.0, 100.0]))))
    curves.choose("gradient")
    curves.log.setChecked(True)
    drawing = curves.plot.drawing
    assert 0.005 < drawing.low <= 0.01
    assert 100 <= drawing.high < 200
    tops = [curves.plot.place(10, value).y() for value in (0.01, 0.1, 1.0)]
    assert tops[0] - tops[1] == pytest.approx(tops[1] - tops[2])
    curves.plot.grab()


def test_a_loss_that_is_no_number_ends_the_line_and_nothing_else(shown: Shown) -> None:
    train = lines(6)
    train["mlm_loss"][4:] = np.nan
    curves = shown(run(train))
    assert said(curves).startswith("MLM – · NSP")
    curves.plot.grab()
    assert curves.plot.drawing.high == 10


def test_the_sheet_has_the_values_of_all_runs_by_step(shown: Shown) -> None:
    curves = shown(
        run({"step": np.array([10.0, 20.0]), "mlm_loss": np.array([3.0, 2.0])}, name="one"),
        run({"step": np.array([20.0, 40.0]), "mlm_loss": np.array([5.0, 4.0])}, name="two"),
    )
    sheet = curves.sheet()
    assert list(sheet.rows) == ["10", "20", "40"]
    assert list(sheet.columns) == ["one: Loss MLM", "two: Loss MLM"]
    np.testing.assert_array_equal(sheet.values, [[3, np.nan], [2, 5], [np.nan, 4]])


def test_what_is_not_seen_is_not_drawn_until_it_is(qtbot: QtBot, light: None) -> None:
    curves = Curves()
    qtbot.addWidget(curves)
    curves.show_runs([run(lines(4))])
    assert curves.plot.drawing.curves == []
    assert curves.sheet().values.shape == (4, 3)
    curves.show_runs([run(lines(8))])
    curves.show()
    assert len(curves.plot.drawing.stops) == 8


def test_the_words_change_their_colours_with_the_look(shown: Shown) -> None:
    curves = shown(run(lines(4)))
    before = curves.reading.text()
    theme.apply("dark")
    QApplication.processEvents()
    assert curves.reading.text() != before
    theme.apply("light")


def test_moving_the_mouse_does_not_move_the_plot(shown: Shown) -> None:
    layers = {f"grad_norm_by_layer/layer {layer}": np.array([1.0, 1e-5, 12345.0, 1.0]) for layer in range(1, 13)}
    curves = shown(run(lines(4, **layers)))
    curves.choose("gradient-by-layer")
    for step in (20.0, 30.0):
        curves.plot.read(step)
    QApplication.processEvents()
    place = curves.plot.mapTo(curves, QPoint())
    for step in (10.0, 20.0, None):
        curves.plot.read(step)
        QApplication.processEvents()
        assert curves.plot.mapTo(curves, QPoint()) == place


def test_the_mouse_over_the_same_step_paints_nothing(shown: Shown, qtbot: QtBot) -> None:
    curves = shown(run(lines(4)))
    at = curves.plot.place(20, 3.0)
    qtbot.mouseMove(curves.plot, at.toPoint())
    QApplication.processEvents()
    paints = Paints(curves.plot)
    qtbot.mouseMove(curves.plot, (at + QPointF(3, 0)).toPoint())
    QApplication.processEvents()
    assert paints.number == 0


def test_baselines_say_what_reaches_them(shown: Shown) -> None:
    def words(curves: Curves) -> list[str]:
        return [baseline.words for baseline in curves.plot.drawing.baselines]

    curves = shown(run(lines(4, mlm_accuracy=np.full(4, 0.2)), floor_accuracy=0.71, **BASELINES))
    assert words(curves) == [
        "ln V = 6.63, knows nothing",
        "unigram 4.90, knows only frequencies",
        "floor 1.21",
        "coin 0.693",
    ]
    curves.choose("accuracy")
    assert [word.replace("\N{NO-BREAK SPACE}", " ") for word in words(curves)] == [
        "the best that MLM can reach, 71 %",
        "coin 50 %",
    ]
    unknown: Mapping[str, Any] = {"uniform": math.nan, "floor": None}
    assert words(shown(RunCurves("run", lines(4), {}, unknown, 0))) == []
