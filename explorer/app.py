"""Starts the window: what must be set before Qt and torch load, the look, the language, the crash log."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator
from PySide6.QtGui import QFontDatabase, QIcon
from PySide6.QtWidgets import QApplication

from explorer import paths, theme, training_process
from explorer.errors import CrashLog
from explorer.settings import Settings
from explorer.window import Window
from explorer.worker import Worker
from explorer.workspace import Workspace

_SWITCH = 0.001  # seconds until the worker's thread hands Python on: the window waits for it at each event


def run(options: argparse.Namespace) -> int:
    """Shows the window until it is closed, and gives back the exit code."""
    prepare()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl+C in a terminal: Qt's loop does not hear Python's own
    application = make_application()
    log = CrashLog(paths.data_folder())
    log.install()
    settings = Settings()
    theme.set_text_scale(settings.text_scale)
    theme.apply(settings.theme)
    workspace = Workspace(Worker())
    window = Window(workspace, settings)
    log.happened.connect(window.bar.warn)
    # What the core loads holds Python for a moment: the window is painted before.
    window.painted.connect(lambda: window.sessions.start(options.model, options.session))
    window.show()
    code = application.exec()
    workspace.worker.close()
    log.remove()
    return code


def prepare() -> None:
    """What has to be settled before Qt and torch are loaded and started."""
    training_process.leave_a_core_to_the_window()
    sys.setswitchinterval(_SWITCH)
    if sys.platform == "win32":  # there torch must load before Qt's libraries, or it does not load at all
        import torch  # noqa: F401


def make_application(arguments: list[str] | None = None) -> QApplication:
    """The application with name, icon and language. ``ValueError`` on a machine that has no font at all."""
    application = QApplication(arguments if arguments is not None else sys.argv[:1])
    application.setApplicationName("bert-explorer")
    application.setApplicationDisplayName("BERT Explorer")
    application.setDesktopFileName("bert-explorer")
    application.setWindowIcon(QIcon(str(paths.resources() / "icons" / "bert-explorer.svg")))
    require_fonts()
    _translate(application)
    return application


def require_fonts() -> None:
    """Raises ``ValueError`` where Qt could draw no letter."""
    if not QFontDatabase.families():
        raise ValueError(
            "This machine has no fonts, so no text can be drawn; on Debian or Ubuntu: apt-get install fonts-dejavu-core"
        )


def model_folder(options: argparse.Namespace) -> Path:
    """The model that was asked for, or the one that is shipped."""
    folder: Path = options.model or paths.resources() / "models" / "starter"
    return folder.resolve()


def _translate(application: QCoreApplication) -> None:
    """Loads the user's language, of Qt's own dialogs and ours, where there is a translation."""
    folders = (
        ("qtbase", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)),
        ("bert-explorer", str(paths.resources() / "translations")),
    )
    for name, folder in folders:
        translator = QTranslator(application)
        if translator.load(QLocale(), name, "_", folder):
            application.installTranslator(translator)
