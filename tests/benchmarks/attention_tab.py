"""How soon the Attention tab paints: 144 heads from array to screen, and frames a second of a 512 x 512 head.

A frame is whatever the mouse or a key sets off, until it is painted and the worker has nothing left to say. Prints
milliseconds, medians, on the wall and of the thread's own work, which other programs on the machine hardly lengthen.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from tests.benchmarks import models, windows

if TYPE_CHECKING:
    from explorer.tabs.attention import AttentionTab
    from explorer.window import Window
    from model.trace import Floats

ROUNDS = 15
LAYERS = HEADS = 12
FRAMES = 60
TEXT = "my dog is cute and he likes playing with the other dogs of the town"


def main() -> None:
    with windows.opened() as (window, folder):
        window.show_tab("attention")
        measure(window, folder)


def measure(window: Window, folder: Path) -> None:
    import model
    from explorer.tabs.attention import AttentionTab
    from model.scenario import Scenario

    tab = window.pages["attention"]
    assert isinstance(tab, AttentionTab)
    model.save(models.base(), folder / "base")
    window.workspace.open_model(folder / "base", Scenario(f"{TEXT} " * 30, f"{TEXT} " * 30))
    settle(window)
    trace = window.workspace.trace
    assert trace is not None
    assert len(trace.tokens) == 512, "nothing is drawn, so nothing would be measured"
    for tokens in (11, 128, 512):
        maps = attention(tokens)
        for per_row in (False, True):
            atlas(tab, maps, per_row=per_row)
    frames(window, tab)


def attention(tokens: int) -> Floats:
    """(12, 12, T, T) random attention, each row adding up to 1."""
    weights = np.random.default_rng(0).random((LAYERS, HEADS, tokens, tokens), dtype=np.float32) ** 8
    weights /= weights.sum(-1, keepdims=True)
    return weights


def atlas(tab: AttentionTab, maps: Floats, *, per_row: bool) -> None:
    """From the array to the painted atlas, by layer and sorted: what the worker does and what the GUI thread does."""
    from explorer.tabs.attention import fitted

    drawn = tab.atlas
    for order in (None, sorted(np.ndindex(LAYERS, HEADS), reverse=True)):
        drawn.sort(order)
        found: list[tuple[float, float, float]] = []
        for _ in range(ROUNDS):
            started, own = time.perf_counter(), time.thread_time()
            shown = fitted(maps, per_row)
            fits = time.thread_time()
            drawn.show_maps(shown)
            drawn.repaint()
            found.append((time.perf_counter() - started, time.thread_time() - own, fits - own))
        way = f"{'each row by itself' if per_row else '0 to 1'}, {'by layer' if order is None else 'sorted'}"
        wall, work, worker = (statistics.median(part) * 1e3 for part in zip(*found, strict=True))
        best = min(found)[0] * 1e3
        print(
            f"atlas of {LAYERS * HEADS} heads, {maps.shape[-1]} tokens, {way}: {wall:.0f} ms, {best:.0f} at best "
            f"(own work {work:.0f}, of it {worker:.0f} on the worker; of {ROUNDS})"
        )
        assert_painted(drawn)


def assert_painted(drawn: object) -> None:
    from explorer import theme
    from explorer.widgets.atlas import Atlas

    assert isinstance(drawn, Atlas)
    square, image = drawn.head_rect((0, 0)).toRect(), drawn.grab().toImage()
    paper = QColor(theme.palette().attention_low)
    colours = {
        image.pixelColor(x, y).name()
        for x in range(square.left() + 2, square.right() - 2)
        for y in range(square.top() + 2, square.bottom() - 2)
    }
    assert colours - {paper.name()}, "nothing was painted"


def frames(window: Window, tab: AttentionTab) -> None:
    """A 512 x 512 head under the mouse, the arrow keys and the wheel, one frame after the other."""
    heatmap, view = tab.heatmap, tab.heatmap.viewport()
    place = heatmap.map_rect()

    def hover(frame: int) -> None:
        share = (frame % FRAMES + 0.5) / FRAMES
        at = QPointF(place.left() + share * place.width(), place.top() + (1 - share) * place.height())
        mouse = QMouseEvent(
            QEvent.Type.MouseMove, at, view.mapToGlobal(at), Qt.MouseButton.NoButton, Qt.MouseButton.NoButton, NO_KEY
        )
        QApplication.sendEvent(view, mouse)

    def wheel(frame: int) -> None:
        at = place.center()
        turn = QPoint(0, 120 if frame % 40 < 20 else -120)
        QApplication.sendEvent(
            view,
            QWheelEvent(
                at, view.mapToGlobal(at), QPoint(), turn, Qt.MouseButton.NoButton, NO_KEY, Qt.ScrollPhase.NoScrollPhase,
                False,
            ),
        )  # fmt: skip

    for scale in range(2):
        tab.scale.choose(scale)
        settle(window)
        way = tab.scale.button(scale).text()
        report(window, f"a 512 x 512 head, {way}: hovering", hover)
        report(window, f"a 512 x 512 head, {way}: zooming by the wheel", wheel)
        heatmap.show_all()
        report(window, f"512 tokens, {way}: going from head to head", lambda frame: hover_head(tab, frame))


NO_KEY = Qt.KeyboardModifier.NoModifier


def hover_head(tab: AttentionTab, frame: int) -> None:
    tab.atlas.hovered.emit(divmod(frame % (LAYERS * HEADS), HEADS))


def report(window: Window, name: str, act: Callable[[int], None]) -> None:
    before = window.grab().toImage()
    act(0)
    settle(window)
    found: list[tuple[float, float]] = []
    for frame in range(1, FRAMES):
        clocks = time.perf_counter(), time.thread_time()
        act(frame)
        settle(window)
        found.append((time.perf_counter() - clocks[0], time.thread_time() - clocks[1]))
    assert window.grab().toImage() != before, "nothing was painted"
    wall, own = (sorted(part) for part in zip(*found, strict=True))
    (median, most), (own_median, own_most) = (
        (statistics.median(part) * 1e3, part[-FRAMES // 10] * 1e3) for part in (wall, own)
    )
    print(
        f"{name}: {1e3 / median:.0f} frames a second; {median:.1f} ms, nine of ten within {most:.1f} "
        f"(own work {own_median:.1f}, {own_most:.1f}; of {FRAMES - 1})"
    )


def settle(window: Window) -> None:
    """Until what the last act set off is answered and painted."""
    painted = 0
    while painted < 2:
        QApplication.processEvents()
        painted = painted + 1 if window.workspace.worker.is_idle else 0
