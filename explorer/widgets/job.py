"""A long job where its picture stands: a button that starts it, then how far it is, the time left and Cancel."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QStackedWidget, QWidget

from explorer import theme
from explorer.worker import Task
from explorer.workspace import Workspace

if TYPE_CHECKING:
    from model.bert import Bert
    from model.trace import Trace

translate = QCoreApplication.translate  # by its own name: lupdate finds the texts by it

AT_ONCE = 64  # tokens: about shorter texts a page asks without being told to
_PATIENCE = 0.3  # seconds that a job may take before it shows how far it is: most are done sooner
_STEPS = 1_000  # of the progress bar
_HOURS_FROM = 5_400  # seconds left, from which on hours are told
_CLEAR_FROM = 60  # seconds left, from which on minutes say enough
_ROUND_FROM = 10  # seconds left, from which on they come in fives


class Job(QWidget):
    """Runs a lens that yields how much is done, on the worker, under ``key``. A new answer ends it.

    ``view``, which draws the result, is seen once it is done, and nothing of the job then; what is soon done leaves
    its former picture there meanwhile. What the job cannot do it says in a sentence in its place.
    """

    def __init__(self, workspace: Workspace, key: str, title: str, view: QWidget) -> None:
        super().__init__()
        self._workspace, self._key, self._view = workspace, key, view
        self._lens: Callable[[Bert, Trace], Any] | None = None
        self._done: Callable[[Any], None] = lambda _: None
        self._trace: weakref.ref[Trace] | None = None  # an old one is not kept for it
        self._task: Task | None = None
        self._began = 0.0
        self.start = QPushButton(title)
        self.cancel = QPushButton(self.tr("Cancel"))
        self.bar = QProgressBar()
        self.bar.setRange(0, _STEPS)
        self.bar.setTextVisible(False)
        self.bar.setMinimumWidth(60)
        self.bar.setMaximumWidth(220)
        self.bar.setAccessibleName(title)
        self.left = QLabel()
        self.hint = QLabel(wordWrap=True)
        self._lay_out()
        self.start.clicked.connect(self._start)
        self.cancel.clicked.connect(self._cancel)
        self.hide()

    def offer(
        self, lens: Callable[[Bert, Trace], Any], done: Callable[[Any], None], hint: str, *, at_once: bool
    ) -> None:
        """Waits for its button to be pressed, ``hint`` beside it, or starts ``at_once`` where that is soon done.

        What it was offered before, and is perhaps at, is over.
        """
        assert self._workspace.trace is not None
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._lens, self._done, self._trace = lens, done, weakref.ref(self._workspace.trace)
        self.hint.setText(hint)
        if at_once:
            self.hide()
            self._run()
        else:
            self._wait()

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended; where a new answer ended it, until it is offered anew."""
        return self._task is not None

    def is_about(self, trace: Trace) -> bool:
        """Whether it was offered for this very answer, which is drawn anew only in another look."""
        return self._trace is not None and self._trace() is trace

    def _lay_out(self) -> None:
        for label in (self.left, self.hint):
            theme.role(label, "faint")
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._stack = QStackedWidget()
        for widgets in ((self.start, self.hint), (self.bar, self.left, self.cancel)):
            page = QWidget()
            row = QHBoxLayout(page)
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(10)
            for widget in widgets:
                row.addWidget(widget, 1 if widget in (self.hint, self.bar) else 0)
            if self.bar in widgets:
                row.addStretch(0)
            self._stack.addWidget(page)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._stack)

    def _start(self) -> None:
        self._run()
        self._show_progress(0.0)
        self.cancel.setFocus()

    def _wait(self) -> None:
        """Shows the button, which has the keys if the view or Cancel had them."""
        had_keys = self._view.hasFocus() or self.cancel.hasFocus()
        self._stack.setCurrentIndex(0)
        self.show()
        if had_keys:
            self.start.setFocus()
        self._view.hide()

    def _run(self) -> None:
        assert self._lens is not None
        self._began = time.monotonic()
        self._task = self._workspace.examine(self._key, self._lens, self._finish, self._fail, self._progress)

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._task = None
        self._wait()

    def _progress(self, share: float) -> None:
        if self.isVisible() or time.monotonic() - self._began > _PATIENCE:
            self._show_progress(share)

    def _show_progress(self, share: float) -> None:
        self.bar.setValue(round(share * _STEPS))
        self.left.setText(self._time_left(share))
        self._stack.setCurrentIndex(1)
        self.show()

    def _time_left(self, share: float) -> str:
        if share <= 0:
            return self.tr("waiting for the model")
        return time_left((time.monotonic() - self._began) * (1 - share) / share)

    def _finish(self, result: Any) -> None:
        self._task = None
        had_keys = self.cancel.hasFocus()
        self._done(result)
        self._view.show()
        if had_keys:
            self._view.setFocus()
        self.hide()

    def _fail(self, error: Exception) -> None:
        self._task = None
        if not isinstance(error, ValueError | MemoryError):
            raise error
        self.hint.setText(str(error) or self.tr("There is not enough memory for this: shorten the text."))
        self._wait()


def time_left(seconds: float) -> str:
    """In words, no more exact than an estimate is."""
    if seconds >= _HOURS_FROM:
        hours, minutes = divmod(round(seconds / 300) * 5, 60)
        return translate("Job", "about {0} h {1} min left").format(hours, minutes)
    if seconds >= _CLEAR_FROM:
        return translate("Job", "about {0} min left").format(round(seconds / 60 + 0.4))
    if seconds >= _ROUND_FROM:
        return translate("Job", "about {0} s left").format(round(seconds / 5) * 5)
    return translate("Job", "about {0} s left").format(max(1, round(seconds)))
