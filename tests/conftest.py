"""What every test stands on: no screen, settings of nobody, and nothing left over at the end."""

import gc
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

    from explorer.workspace import Workspace
    from model.bert import Bert

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # before anything imports Qt
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before anything loads torch
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # there is a worker for each core


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test, and a program that it starts, keeps lies in the test's own folder and not in the user's."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))


@pytest.fixture(autouse=True)
def nothing_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails a test of the window that leaves a window, a running thread or an active timer behind."""
    if "qapp" not in request.fixturenames:
        yield
        return
    application: QApplication = request.getfixturevalue("qapp")
    gc.freeze()  # what is there before is not gone through again: half a million objects once torch is loaded
    before = set(_running(application))
    yield
    from PySide6.QtCore import QEvent

    application.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    left = [named for which, named in _running(application).items() if which not in before]
    assert not left, f"left over: {left}"


def _running(application: "QApplication") -> dict[int, Any]:
    """Windows that are there, threads that run, timers that are on, by what tells them apart.

    Of what is Qt's that is the address of the object itself: its Python side may be made anew each time.
    """
    import shiboken6
    from PySide6.QtCore import QThread, QTimer

    windows = [window for window in application.topLevelWidgets() if window.metaObject().className() != "QTipLabel"]
    threads = [thread for thread in threading.enumerate() if not isinstance(thread, threading._DummyThread)]
    objects = [entry for entry in gc.get_objects() if type(entry) in (QTimer, QThread) and shiboken6.isValid(entry)]
    active = [entry for entry in objects if (entry.isActive() if isinstance(entry, QTimer) else entry.isRunning())]
    of_qt = {shiboken6.getCppPointer(entry)[0]: entry for entry in [*windows, *active]}
    return of_qt | {id(thread): thread for thread in threads}


@pytest.fixture(scope="session")
def starter_folder() -> Path:
    """The model that is shipped."""
    return Path(__file__).parent.parent / "resources" / "models" / "starter"


@pytest.fixture(scope="session")
def starter(starter_folder: Path) -> "Bert":
    """The model that is shipped, opened once for all tests: nothing may change it."""
    import model

    return model.load(starter_folder)


@pytest.fixture
def workspace(qtbot: "QtBot") -> Iterator["Workspace"]:
    """A workspace with a worker of its own and no model yet."""
    from explorer.worker import Worker
    from explorer.workspace import Workspace

    workspace = Workspace(Worker())
    yield workspace
    workspace.worker.close()
