"""From the command to the first painted window, against ``python -c "import torch"`` alone, in turns."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from tests.benchmarks.timing import compare

ROUNDS = 9

# The program as it is, but for a filter that speaks up after the window's first paint event.
WINDOW = """
import os
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication

class Watch(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint and watched.isWidgetType() and watched.isWindow():
            QTimer.singleShot(0, done)
        return False

def done():
    print("painted", flush=True)
    os._exit(0)

run = QApplication.exec
def watched_run(*arguments):
    watch = Watch()
    QApplication.instance().installEventFilter(watch)
    return run()
QApplication.exec = watched_run

from explorer.__main__ import main
main([])
"""
TORCH = 'import torch; print("imported", flush=True); import os; os._exit(0)'


def main() -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen")}

    def until_it_speaks(code: str) -> float:
        started = time.perf_counter()
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment) as process:
            assert process.stdout is not None
            spoken = process.stdout.readline()
            spent = time.perf_counter() - started
        assert spoken, "it ended without a word"
        return spent

    ours, torch, ratio = compare(lambda: until_it_speaks(WINDOW), lambda: until_it_speaks(TORCH), ROUNDS)
    print(f"first paint {ours * 1e3:.0f} ms  import torch {torch * 1e3:.0f} ms  ratio {ratio:.2f}")
