"""Goes through the tabs and takes what each shows, for a report."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from explorer import theme
from explorer.export import Form
from explorer.export_report import Chapter, Figure, report
from explorer.widgets.picture import Picture

if TYPE_CHECKING:
    from explorer.widgets.page import Page
    from explorer.window import Window
    from model.trace import Trace

_PAUSE = 60  # milliseconds between two looks whether a tab has its answers, and has drawn them
_LONGEST = 30.0  # seconds that a tab is waited for
_LEFT_OUT = ("pretrain",)  # says nothing about the question


class Reporter(QObject):
    """Saves reports of one window: every tab comes to the front for a moment, in the view that was left open there."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._window = window
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
        return self._clock.isActive()

    def save(self) -> None:
        """Takes what every tab shows, and then asks for a file."""
        trace = self._window.workspace.trace
        if trace is None or self.is_at_work:
            return
        pages = self._window.pages
        self._trace, self._chapters = trace, []
        self._coming = [name for name in pages if name not in _LEFT_OUT]
        self._front = next(name for name, page in pages.items() if page is self._window.page)
        self._window.exporter.done.emit(self.tr("The report takes what every tab shows …"))
        self._show()
        self._clock.start()

    def _show(self) -> None:
        self._window.show_tab(self._coming[0])
        self._shown_at, self._was_idle = time.monotonic(), False

    def _look(self) -> None:
        """Takes the tab once it has had its answers for two looks: what they brought is drawn by then."""
        workspace, page = self._window.workspace, self._window.pages[self._coming[0]]
        if workspace.trace is not self._trace:
            self._end()
            self._window.exporter.failed.emit(
                self.tr("The question became another one while the report was made: save it again.")
            )
        elif self._window.page is not page:
            self._show()
        elif self._was_idle or time.monotonic() - self._shown_at > _LONGEST:
            self._chapters.append(_chapter(page))
            del self._coming[0]
            if self._coming:
                self._show()
            else:
                self._end()
                self._ask()
        else:
            self._was_idle = workspace.worker.is_idle

    def _end(self) -> None:
        self._clock.stop()
        self._window.show_tab(self._front)

    def _ask(self) -> None:
        bert, trace = self._window.workspace.bert, self._trace
        assert bert is not None
        assert trace is not None
        write = partial(report, bert, trace, tuple(self._chapters), theme.palette())
        self._window.exporter.save(
            self.tr("Save the report"), "report", [Form(self.tr("HTML page (*.html)"), "html", write)]
        )


def _chapter(page: Page) -> Chapter:
    """What a page shows now; pictures that wait for a button have nothing to show."""
    seen = [picture for picture in page.findChildren(Picture) if picture.isVisible()]
    figures = [(picture, picture.sheet()) for picture in seen]
    return Chapter(
        page.title,
        page.asked,
        page.answer or page.sentence,
        tuple(
            Figure(picture.heading, picture.drawing(), sheet, None if picture.python is None else picture.python())
            for picture, sheet in figures
            if sheet.values.size
        ),
    )
