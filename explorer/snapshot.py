"""Writes what the window shows, without one: a picture of every tab, and the trace as JSON and NPZ."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QApplication

from explorer import app, examples, theme
from explorer.settings import Settings
from explorer.window import Window
from explorer.worker import Worker
from explorer.workspace import Workspace
from model.scenario import Scenario

if TYPE_CHECKING:
    from model.bert import Bert
    from model.trace import Trace

_LONGEST = 300  # seconds that one picture may take: a large model on a slow machine
_LAYOUTS = 10  # events from the change of a part to where its window is laid out: each has the one around it asked
_TOP = 10  # predictions at a masked position

# Attribute paths of a Trace: the keys of trace.npz.
_ARRAYS = (
    "input_ids",
    "segments",
    "positions",
    "embeddings.token",
    "embeddings.segment",
    "embeddings.position",
    "embeddings.sum",
    "embeddings.output",
    "hidden",
    "query",
    "key",
    "value",
    "attention",
    "pooled",
)


def run(options: argparse.Namespace) -> int:
    """Writes the pictures and the trace into ``options.out``; ``ValueError`` with a sentence where that cannot be."""
    app.prepare()
    if QApplication.instance() is None:
        os.environ["QT_SCALE_FACTOR"] = str(options.scale)  # read by the application: images come out sharp, too
        app.make_application()
    app.require_fonts()
    options.out.mkdir(parents=True, exist_ok=True)
    before = theme.current()
    theme.apply(options.theme)
    workspace = Workspace(Worker())
    with tempfile.TemporaryDirectory() as folder:
        # Settings of its own: the pictures must not depend on how the user left the window.
        window = Window(workspace, Settings(Path(folder) / "settings.ini"))
        window.pretrain.desk.form.hold(True)  # no process of its own for what a recipe would cost
        try:
            _ask(workspace, app.model_folder(options), question(options))
            written = [*_pictures(window, options), *_trace(workspace, options.out)]
        finally:
            workspace.worker.close()
            window.deleteLater()
            theme.apply(before)
    for file in written:
        sys.stdout.write(f"{file}\n")
    return 0


def question(options: argparse.Namespace) -> Scenario:
    """What the command line asks; without a text, the chapter's pair."""
    example = examples.first()
    first, second = (example.first, example.second) if options.text is None else (options.text, "")
    scenario = Scenario(first, second if options.pair is None else options.pair)
    for position in options.mask or ():
        scenario = scenario.mask(position)
    return scenario


def _ask(workspace: Workspace, folder: Path, scenario: Scenario) -> None:
    refusals: list[str] = []
    workspace.refused.connect(refusals.append)
    workspace.open_model(folder, scenario)
    _wait(workspace.worker)
    if refusals:
        raise ValueError(refusals[0])


def _wait(worker: Worker) -> None:
    """Runs the event loop until the worker has nothing left to do, and what it reported is drawn."""
    loop = QEventLoop()
    worker.idle.connect(loop.quit)
    late = QTimer(singleShot=True)
    late.timeout.connect(lambda: loop.exit(1))
    late.start(_LONGEST * 1_000)
    while not worker.is_idle:
        if loop.exec():
            raise ValueError(f"The model did not answer within {_LONGEST} seconds.")
        QApplication.processEvents()  # an answer may ask for more
    late.stop()


def _pictures(window: Window, options: argparse.Namespace) -> list[Path]:
    window.resize(*options.size)
    window.show()
    window.setFocus()  # no blinking cursor in the pictures
    written = []
    for name in window.pages:
        window.show_tab(name)
        QApplication.processEvents()
        _wait(window.workspace.worker)
        for _ in range(_LAYOUTS):  # the last answer has perhaps changed what fits where
            QApplication.processEvents()
        file = options.out / f"{name}.png"
        if not _picture(window, options.scale).save(str(file)):
            raise ValueError(f"{file} cannot be written.")
        written.append(file)
    window.hide()
    return written


def _picture(window: Window, scale: float) -> QPixmap:
    picture = QPixmap(round(window.width() * scale), round(window.height() * scale))
    picture.setDevicePixelRatio(scale)
    window.render(picture)
    return picture


def _trace(workspace: Workspace, folder: Path) -> list[Path]:
    import numpy as np

    bert, trace = workspace.bert, workspace.trace
    assert bert is not None
    assert trace is not None
    described: list[Any] = []
    workspace.examine("snapshot", description, described.append, described.append)
    _wait(workspace.worker)
    if isinstance(described[0], Exception):
        raise described[0]
    text, arrays = folder / "trace.json", folder / "trace.npz"
    text.write_text(json.dumps(described[0], indent=1, allow_nan=False) + "\n", encoding="utf-8")
    found = {path: value for path in _ARRAYS if (value := _attribute(trace, path)) is not None}
    np.savez_compressed(arrays, **found)
    return [text, arrays]


def description(bert: Bert, trace: Trace) -> dict[str, Any]:
    """What ``trace.json`` says: the question, the rows that the model read, and its answers in words."""
    from model.lens import masked_lm, next_sentence

    masked = [position for position, token in enumerate(trace.tokens) if token == bert.tokenizer.mask_token]
    chosen = sorted({*masked, *(edit.position for edit in trace.scenario.edits)})
    predictions = {}
    if bert.has_mlm:
        for position in chosen:
            predictions[position] = masked_lm.predictions(bert, trace, position, _TOP)
    next_or_not = None
    if bert.has_nsp and trace.pooled is not None and 1 in trace.inputs.texts:
        next_or_not = dict(zip(next_sentence.LABELS, next_sentence.probabilities(bert, trace), strict=True))
    return {
        "model": trace.model,
        "fingerprint": trace.fingerprint,
        "notes": bert.notes,
        "scenario": json.loads(trace.scenario.to_json()),
        "direction": trace.direction,
        "tokens": trace.tokens,
        "input_ids": trace.input_ids.tolist(),
        "segments": trace.segments.tolist(),
        "positions": trace.positions.tolist(),
        "cut": {"first": trace.inputs.cut_first, "second": trace.inputs.cut_second},
        "predictions": predictions,
        "next_sentence": next_or_not,
        "seconds": trace.seconds,
    }


def _attribute(trace: Trace, path: str) -> Any:
    value: Any = trace
    for name in path.split("."):
        value = getattr(value, name)
    return value
