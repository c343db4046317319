"""What can be done to the directory of a run: asked of the user where that is due, and done on the worker."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QFile, QObject, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from explorer.worker import Lane, Worker
from model.training.run import Run


class RunFiles(QObject):
    """Renames, deletes and exports. Dialogs belong to ``window`` and block nothing."""

    changed = Signal()  # the folder of runs is another
    renamed = Signal(object, object)  # a run, and the same under its new name
    said = Signal(str)  # a sentence: what was done
    failed = Signal(str)  # a sentence: what could not be done

    def __init__(self, worker: Worker, window: QWidget) -> None:
        super().__init__(window)
        self._worker, self._window = worker, window

    def rename(self, run: Run, name: str) -> None:
        """Gives a run another name."""
        self._do("rename", run, lambda: run.renamed(name.strip()), lambda other: self._renamed(run, other))

    def delete(self, run: Run) -> None:
        """Asks, and then moves a run to the trash; one that is in use is not asked about."""
        self._do("require", run, run.require_idle, lambda _: self._ask_to_discard(run))

    def _ask_to_discard(self, run: Run) -> None:
        self._ask(
            self.tr("Move the run {name} to the trash?").format(name=run.name),
            self.tr("Its curves and all its snapshots go with it."),
            self.tr("Move to the trash"),
            lambda: self._do("discard", run, lambda: _discard(run), lambda gone: self._discarded(run, gone)),
        )

    def export(self, run: Run) -> None:
        """Asks for a folder, and copies the last snapshot into it as a Hugging Face directory."""
        dialog = QFileDialog(self._window, self.tr("Export {name} into a folder").format(name=run.name))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda folder: self.export_into(run, Path(folder)))
        dialog.open()

    def export_into(self, run: Run, folder: Path) -> None:
        """Copies the last snapshot into ``folder``, under the run's name."""
        done = self.tr("Exported as {folder}.")
        self._do("export", run, lambda: run.export(folder), lambda target: self.said.emit(done.format(folder=target)))

    def reveal(self, run: Run) -> None:
        """Shows the folder of a run in the desktop's file manager."""
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(run.directory))):
            self.failed.emit(self.tr("No program shows folders here; the run lies in {0}.").format(run.directory))

    def _renamed(self, run: Run, other: Run) -> None:
        self.renamed.emit(run, other)
        self.changed.emit()

    def _discarded(self, run: Run, gone: bool) -> None:
        if gone:
            self._gone(self.tr("{name} is in the trash.").format(name=run.name))
            return
        deleted = self.tr("{name} is deleted.").format(name=run.name)
        self._ask(
            self.tr("The run {name} cannot be moved to the trash. Delete it for good?").format(name=run.name),
            self.tr("This disk has no trash. What is deleted cannot be brought back."),
            self.tr("Delete for good"),
            lambda: self._do("delete", run, lambda: _delete(run), lambda _: self._gone(deleted)),
        )

    def _gone(self, sentence: str) -> None:
        self.changed.emit()
        self.said.emit(sentence)

    def _ask(self, question: str, more: str, yes: str, act: Callable[[], None]) -> None:
        box = QMessageBox(QMessageBox.Icon.Question, "", question, parent=self._window)
        box.setTextFormat(Qt.TextFormat.PlainText)  # a folder may be called anything
        box.setInformativeText(more)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        agree = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        agree.clicked.connect(act)
        box.open()

    def _do(self, what: str, run: Run, call: Callable[[], Any], done: Callable[[Any], None]) -> None:
        self._worker.submit(Lane.FILE, f"{what} {run.directory}", call, done, self._fail, owner=self)

    def _fail(self, error: Exception) -> None:
        if not isinstance(error, ValueError | OSError):
            raise error
        self.failed.emit(str(error))


def _discard(run: Run) -> bool:
    """On the worker's thread: whether the run went to the trash. ``OSError`` where it went elsewhere before."""
    if not run.directory.exists():
        raise FileNotFoundError(f"{run.directory} is gone: it was moved or deleted.")
    run.require_idle()
    return QFile(str(run.directory)).moveToTrash()


def _delete(run: Run) -> None:
    """On the worker's thread."""
    run.require_idle()
    try:
        shutil.rmtree(run.directory)
    except OSError as error:
        raise OSError(f"{run.directory} cannot be deleted: {error.strerror}.") from error
