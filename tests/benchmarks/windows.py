"""The window that the benchmarks look at."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.window import Window


@contextmanager
def opened() -> Iterator[tuple[Window, Path]]:
    """A window as the command opens it, without a screen and without a model yet; and a folder that goes with it."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # these two as the command sets them
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from explorer import app

    app.prepare()
    from explorer import theme
    from explorer.settings import Settings
    from explorer.window import Window
    from explorer.worker import Worker
    from explorer.workspace import Workspace

    app.make_application([])
    theme.apply("light")
    workspace = Workspace(Worker())
    with TemporaryDirectory() as folder:
        window = Window(workspace, Settings(Path(folder) / "settings.ini"))
        window.show()
        yield window, Path(folder)
        window.close()
        workspace.worker.close()  # it writes the session into that folder
