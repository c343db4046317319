"""Opens and saves the sessions of one window, by menu, and from one start to the next."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog

from explorer import examples, paths, session
from explorer.comparison import Answer, Shown
from explorer.session import ENDING, Asked, Session
from explorer.widgets.arithmetic import Arithmetic
from explorer.widgets.model_picker import bundled
from explorer.worker import Lane

if TYPE_CHECKING:
    from explorer.window import Window
    from model.bert import Bert
    from model.scenario import Scenario

_DEEPEST = 40  # numbers on a way that are walked again
_SIDES = {"left": Qt.DockWidgetArea.LeftDockWidgetArea, "right": Qt.DockWidgetArea.RightDockWidgetArea}


class Sessions(QObject):
    """Reading and writing is the worker's. What cannot be opened leaves the window as it was."""

    done = Signal(str)  # a sentence: where it is now
    failed = Signal(str)  # a sentence: why nothing came of it

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._window, self._workspace, self._settings = window, window.workspace, window.settings

    def start(self, folder: Path | None, file: Path | None) -> None:
        """What the window opens with: a model directory, a session, or else what was there when it was last closed.

        Here there is nothing yet that could stay as it was: what cannot be opened gives way to what is shipped.
        """
        last = self._settings.last_session
        if folder is None and (file is not None or last.is_file()):
            self._read(file or last, partial(self._restore, otherwise=_starter()), self._start_anew)
        else:
            self._workspace.open_model((folder or _starter()).resolve(), examples.first().scenario)

    def open(self, path: Path) -> None:
        """Opens a session file, or a model directory."""
        if os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where a path is too long
            self._window.open_model(path)
        else:
            self._read(path, self._restore, self._fail)

    def browse(self) -> None:
        """Lets the user choose a session, and opens it."""
        dialog = self._dialog(self.tr("Open a session"), self._settings.export_folder)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda file: self.open(Path(file)))
        dialog.open()

    def save_as(self) -> None:
        """Asks for a file and writes the session into it."""
        taken = self.session()  # now: the window goes on living behind the dialog
        if taken is None:
            return
        dialog = self._dialog(self.tr("Save the session"), self._settings.export_folder / f"session{ENDING}")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(ENDING[1:])
        dialog.fileSelected.connect(lambda file: self.save(Path(file), taken))
        dialog.open()

    def save(self, file: Path, taken: Session) -> None:
        """Writes a session."""
        self._settings.export_folder = file.parent
        self._submit(
            str(file),
            lambda: session.write(file, taken),
            lambda _: self.done.emit(self.tr("Saved as {file}.").format(file=file)),
            self._fail,
        )

    def keep(self) -> None:
        """Writes what is shown, for the next start."""
        taken, file = self.session(), self._settings.last_session
        if taken is not None:
            # Who closes a window wants no sentence: the session before remains.
            self._submit(str(file), lambda: session.write(file, taken), lambda _: None, lambda _: None)

    def session(self) -> Session | None:
        """What the window shows now; None where there is no answer, or its model lies nowhere."""
        window, now = self._window, self._workspace.now
        if now is None or now.bert.origin is None:
            return None
        pinned = self._workspace.pinned
        kept = None if pinned is None or pinned.bert.origin is None else Asked(**_asked(pinned))
        chosen, side = self._workspace.clicked, window.dockWidgetArea(window.arithmetic)
        return Session(
            **_asked(now),
            tab=next(name for name, page in window.pages.items() if page is window.page),
            views={name: page.side for name, page in window.pages.items() if page.side},
            controls={name: controls for name, page in window.pages.items() if (controls := page.controls)},
            pinned=kept,
            shown=Shown.NOW if kept is None else self._workspace.shown,
            token=chosen.token,
            head=chosen.head,
            cell=chosen.cell,
            dock=None if window.arithmetic.isHidden() else ("left" if side == _SIDES["left"] else "right"),
            way=self._arithmetic.way,
        )

    @property
    def _arithmetic(self) -> Arithmetic:
        arithmetic = self._window.arithmetic.widget()
        assert isinstance(arithmetic, Arithmetic)
        return arithmetic

    # How one is opened

    def _read(self, file: Path, done: Callable[[Session], None], failed: Callable[[Exception], None]) -> None:
        self._submit("session", lambda: session.read(file), done, failed)

    def _restore(self, found: Session, otherwise: Path | None = None) -> None:
        """Puts the session's question to its model, or else to that in ``otherwise``, and shows the rest of it."""
        said: list[str] = []  # by the worker, before ``then`` is called
        wholes: list[bool] = []
        pinned: list[Answer] = []

        def load() -> Bert:
            snapshots = self._workspace.snapshots
            try:
                bert = snapshots.load(self._model(found))
            except (ValueError, OSError) as error:
                if otherwise is None:
                    raise
                said.append(str(error))
                bert = snapshots.load(otherwise)
            try:
                pinned.extend(self._answers(found.pinned, bert))
            except (ValueError, OSError) as error:
                said.append(self.tr("What was pinned is gone. {why}").format(why=error))
            return bert

        def asked_of(bert: Bert) -> Scenario:
            scenario, whole = found.fitted(bert)
            wholes.append(whole)
            return scenario

        def then() -> None:
            self._workspace.keep(next(iter(pinned), None), found.shown)
            self._show(found)
            if not all(wholes):
                self._workspace.noticed.emit(
                    self.tr("This model is another than when the session was saved: what does not fit it is gone.")
                )
            if said:
                self.failed.emit(said[0])

        self._workspace.open_with(load, found.scenario, asked_of, then)

    def _answers(self, asked: Asked | None, bert: Bert) -> Iterator[Answer]:
        """On the worker: what was pinned, answered by ``bert`` where that is its model."""
        if asked is None:
            return
        folder = self._model(asked)
        pinned = bert if folder == bert.origin else self._workspace.snapshots.load(folder)
        yield Answer(pinned, pinned.trace(asked.fitted(pinned)[0]))

    def _model(self, found: Asked) -> Path:
        """On the worker: the directory of the session's model."""
        if found.folder is not None:
            return found.folder
        for folder in bundled():
            if folder.name == found.bundled:
                return folder
        sentence = self.tr("No model called {name} comes with this version: choose another one.")
        raise ValueError(sentence.format(name=ascii(found.bundled)))

    def _start_anew(self, error: Exception) -> None:
        self._workspace.open_with(
            lambda: self._workspace.snapshots.load(_starter()),
            examples.first().scenario,
            then=lambda: self._fail(error),
        )

    def _show(self, found: Session) -> None:
        window, trace = self._window, self._workspace.trace
        assert trace is not None
        window.show_tab(found.tab)
        for name, side in found.views.items():
            if name in window.pages:
                window.pages[name].show_side(side)
        for name, page in window.pages.items():
            page.set_controls(found.controls.get(name, {}))
        if found.dock is not None:
            window.addDockWidget(_SIDES[found.dock], window.arithmetic)
        window.arithmetic.setVisible(found.dock is not None)
        layers, heads, size, _ = trace.attention.shape
        token, head, cell = found.token, found.head, found.cell
        about = found.pinned if found.pinned is not None and found.shown is Shown.PINNED else found
        if trace.inputs.originals != about.tokens:  # positions speak of others
            token = cell = None
        else:
            for number, place in enumerate(found.way[-_DEEPEST:]):
                (self._arithmetic.go_on if number else self._arithmetic.begin)(place)
        self._workspace.select(
            token=token if token is not None and token < size else None,
            head=head if head is not None and head[0] < layers and head[1] < heads else None,
            cell=cell if cell is not None and max(cell) < size else None,
        )

    def _fail(self, error: Exception) -> None:
        if not isinstance(error, ValueError | OSError):
            raise error
        self.failed.emit(str(error))

    def _submit(
        self,
        key: str,
        call: Callable[[], object],
        done: Callable[[Session], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self._workspace.worker.submit(Lane.FILE, key, call, done, failed, owner=self)

    def _dialog(self, title: str, where: Path) -> QFileDialog:
        kinds = self.tr("Sessions (*{0})").format(ENDING)
        dialog = QFileDialog(self._window, title, str(where), kinds)
        dialog.finished.connect(dialog.deleteLater)
        return dialog


def _asked(answer: Answer) -> dict[str, Any]:
    """What an ``Asked`` is made of; its model lies in a folder."""
    folder = answer.bert.origin
    assert folder is not None
    shipped = folder in bundled()
    return {
        "scenario": answer.trace.scenario,
        "bundled": folder.name if shipped else "",
        "folder": None if shipped else folder,
        "tokens": answer.trace.inputs.originals,
    }


def _starter() -> Path:
    return (paths.resources() / "models" / "starter").resolve()
