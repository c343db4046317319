"""Goes through the tabs and takes what each shows, for a report."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QProgressDialog

from explorer import theme
from explorer.export import Form
from explorer.export_report import Chapter, Figure, report
from explorer.widgets.picture import Picture
from explorer.worker import Lane, Task

if TYPE_CHECKING:
    from explorer.widgets.page import Page
    from explorer.window import Window
    from model.trace import Trace

_PAUSE = 60  # milliseconds between two looks whether a tab has its answers, and has drawn them
_LONGEST = 30.0  # seconds that a tab is waited for
_PATIENCE = 1_000  # milliseconds until it says how far it is
_TAKING = 0.5  # the share of the work that taking is; the rest is writing
_LEFT_OUT = ("pretrain",)  # says nothing about the question


class Reporter(QObject):
    """Saves reports of one window: every tab comes to the front for a moment, in the view that was left open there.

    It takes one picture and then lets the window go on; what they make is written on the worker, a figure a pass.
    """

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._window = window
        self._task: Task | None = None  # that writes
        self._pictures: list[Picture] = []  # of the tab in front, that are still to be taken
        self._figures: list[Figure] = []  # of the tab in front
        self._colours = theme.palette()
        self._dialog: QProgressDialog | None = None
        self._trace: Trace | None = None  # what is reported on, while it is
        self._coming: list[str] = []
        self._chapters: list[Chapter] = []
        self._front = ""
        self._shown_at = 0.0
        self._was_idle = False
        self._clock = QTimer(self, interval=_PAUSE)
        self._clock.timeout.connect(self._look)

    @property
    def is_at_work(self) -> bool:
        """Whether a report is being made."""
        return self._clock.isActive() or self._task is not None

    def save(self) -> None:
        """Takes what every tab shows, writes it, and then asks for a file."""
        trace = self._window.workspace.trace
        if trace is None or self.is_at_work:
            return
        pages = self._window.pages
        self._trace, self._chapters, self._colours = trace, [], theme.palette()
        self._coming = [name for name in pages if name not in _LEFT_OUT]
        self._front = next(name for name, page in pages.items() if page is self._window.page)
        self._window.exporter.done.emit(self.tr("The report takes what every tab shows …"))
        self._dialog = self._progress_dialog()
        self._show()
        self._clock.start(_PAUSE)

    def cancel(self) -> None:
        """Lets go of the report that is being made."""
        if self._task is not None:
            self._task.cancel()
        elif self._clock.isActive():
            self._window.show_tab(self._front)
        self._end()

    def _progress_dialog(self) -> QProgressDialog:
        dialog = QProgressDialog(
            self.tr("The report takes what every tab shows …"), self.tr("Cancel"), 0, 100, self._window
        )
        dialog.setWindowTitle(self.tr("Save the report"))
        dialog.setMinimumDuration(_PATIENCE)
        dialog.setAutoReset(False)
        dialog.canceled.connect(self.cancel)
        dialog.setValue(0)
        return dialog

    def _progress(self, share: float) -> None:
        if self._dialog is not None:
            self._dialog.setValue(round(100 * share))

    def _show(self) -> None:
        self._window.show_tab(self._coming[0])
        self._shown_at, self._was_idle = time.monotonic(), False
        self._clock.setInterval(_PAUSE)

    def _look(self) -> None:
        """Takes the tab once it has had its answers for two looks: what they brought is drawn by then."""
        workspace, page = self._window.workspace, self._window.pages[self._coming[0]]
        if workspace.trace is not self._trace:
            self._window.show_tab(self._front)
            self._end()
            self._window.exporter.failed.emit(
                self.tr("The question became another one while the report was made: save it again.")
            )
        elif self._window.page is not page:
            self._pictures, self._figures = [], []
            self._show()
        elif self._pictures:
            self._take(self._pictures.pop(0))
            if not self._pictures:
                self._turn_page(page)
        elif self._was_idle or time.monotonic() - self._shown_at > _LONGEST:
            self._pictures = [picture for picture in page.findChildren(Picture) if picture.isVisible()]
            self._clock.setInterval(0)
            if not self._pictures:
                self._turn_page(page)
        else:
            self._was_idle = workspace.worker.is_idle

    def _take(self, picture: Picture) -> None:
        """One that waits for a button has nothing to show."""
        sheet = picture.sheet()
        if sheet.values.size:
            python = None if picture.python is None else picture.python()
            self._figures.append(Figure(picture.heading, picture.drawing(), sheet, python))

    def _turn_page(self, page: Page) -> None:
        said = page.answer or page.sentence
        self._chapters.append(Chapter(page.title, page.asked, said, tuple(self._figures)))
        self._figures = []
        del self._coming[0]
        taken = len(self._chapters)
        self._progress(_TAKING * taken / (taken + len(self._coming)))
        if self._coming:
            self._show()
        else:
            self._clock.stop()
            self._window.show_tab(self._front)
            self._write()

    def _write(self) -> None:
        bert, trace = self._window.workspace.bert, self._trace
        assert bert is not None
        assert trace is not None
        chapters = tuple(self._chapters)
        self._task = self._window.workspace.worker.submit(
            Lane.FILE,
            "report",
            lambda: report(bert, trace, chapters, self._colours),
            self._ask,
            self._fail,
            lambda share: self._progress(_TAKING + (1 - _TAKING) * share),
            owner=self,
        )

    def _ask(self, written: bytes) -> None:
        self._end()
        form = Form(self.tr("HTML page (*.html)"), "html", lambda: written)
        self._window.exporter.save(self.tr("Save the report"), "report", [form])

    def _fail(self, error: Exception) -> None:
        self._end()
        if not isinstance(error, ValueError | OSError | MemoryError):
            raise error
        self._window.exporter.failed.emit(str(error) or self.tr("There is not enough memory for this."))

    def _end(self) -> None:
        self._clock.stop()
        self._task, self._trace, self._chapters = None, None, []
        self._pictures, self._figures = [], []
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None
