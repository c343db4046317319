"""What nobody foresaw: every way in which Python, its threads and Qt report it, in one log, and in a sentence.

What can be expected to fail does not come here: it is a ``ValueError`` or ``OSError`` that is told where it happened.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import sys
import threading
import traceback
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from PySide6.QtCore import QMessageLogContext, QObject, QtMsgType, Signal, qInstallMessageHandler

_LARGEST = 1_000_000  # bytes of a log before it is put aside

_HARMLESS = (  # what Qt says about the platform and nobody can act on
    "This plugin does not support propagateSizeHints()",
    "This plugin does not support raise()",
    "This plugin does not support grabbing the keyboard",
    "Could not register app ID",
    "QFont::setPointSizeF: Point size <= 0",
)

_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


class CrashLog(QObject):
    """Holds the hooks from ``install`` to ``remove``. ``happened`` may be emitted from any thread."""

    happened = Signal(str)  # a sentence about an exception that nothing caught

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.file = folder / "log.txt"
        self._log = logging.getLogger("explorer.errors")
        self._handler: logging.Handler = logging.NullHandler()
        self._crashes: TextIO | None = None
        self._former: tuple[Any, Any, Any] | None = None
        self._told: set[str] = set()

    def install(self) -> None:
        """Every unforeseen error goes to the log from now on. Without a folder to write to, to standard error."""
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self._handler = RotatingFileHandler(self.file, maxBytes=_LARGEST, backupCount=1, encoding="utf-8")
            self._crashes = self.file.with_name("crash.txt").open("a", encoding="utf-8")
            faulthandler.enable(self._crashes)
        except OSError:
            self._handler = logging.StreamHandler()
            with contextlib.suppress(OSError, RuntimeError):  # a frozen program without a console has no stderr
                faulthandler.enable()
        self._handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        self._log.addHandler(self._handler)
        self._log.propagate = False
        self._former = (sys.excepthook, threading.excepthook, qInstallMessageHandler(self._qt_said))
        sys.excepthook = self._raised
        threading.excepthook = self._raised_in_thread

    def remove(self) -> None:
        """Puts the former hooks back."""
        if self._former is None:
            return
        sys.excepthook, threading.excepthook, handler = self._former
        qInstallMessageHandler(handler)
        self._former = None
        self._log.removeHandler(self._handler)
        self._handler.close()
        if self._crashes is not None:
            faulthandler.disable()
            self._crashes.close()

    def _raised(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        lines = "".join(traceback.format_exception(kind, error, trace))
        self._log.error("%s", lines)
        if sys.stderr is not None:  # None in a frozen program without a console
            sys.stderr.write(lines)
        where = traceback.extract_tb(trace)[-1:]
        self._tell(kind.__name__ + "".join(f"{frame.filename}:{frame.lineno}" for frame in where))

    def _raised_in_thread(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            self._raised(args.exc_type, args.exc_value, args.exc_traceback)

    def _qt_said(self, kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
        if not any(harmless in message for harmless in _HARMLESS):
            self._log.log(_LEVELS.get(kind, logging.WARNING), "Qt: %s", message)

    def _tell(self, what: str) -> None:
        """Says so in a sentence, once for each place: an error in a paint event comes back sixty times a second."""
        if what not in self._told:
            self._told.add(what)
            self.happened.emit(
                self.tr("Something went wrong that should not; the details are in {file}.").format(file=self.file)
            )
