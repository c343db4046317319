"""How long a keystroke in the vocabulary's search takes, from the key to the painted rows, and sorting it.

Searches are typed letter by letter and taken back. Prints the median and the longest keystroke for the starter's
vocabulary drawn out to BERT's 30,522 entries and to 120,000, about as many as the multilingual BERT has.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from tests.benchmarks import models

if TYPE_CHECKING:
    from explorer.widgets.vocabulary import Vocabulary

SIZES = (30_522, 120_000)
TYPED = ("ing", "##ation", "e", "unbelievable", "[MASK]")
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
BOUND = 50  # milliseconds a keystroke for BERT's vocabulary


class Keystroke(NamedTuple):
    seconds: float
    query: str


def main() -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from explorer import app

    app.prepare()
    from explorer import theme
    from explorer.widgets.vocabulary import Vocabulary
    from model.lookup import entries

    app.make_application([])
    theme.apply("light")
    words = (models.STARTER / "vocab.txt").read_text(encoding="utf-8").splitlines()
    for size in SIZES:
        started = time.perf_counter()
        found = entries(tuple(drawn_out(words, size)), SPECIAL, lowercase=True)
        print(f"{size:,} entries: made ready on the worker in {(time.perf_counter() - started) * 1e3:.0f} ms")
        vocabulary = Vocabulary()
        vocabulary.resize(340, 560)
        vocabulary.show_entries(found)
        vocabulary.show()
        measure(vocabulary, size)
        vocabulary.close()


def drawn_out(words: list[str], size: int) -> list[str]:
    """``size`` distinct entries: the words, and words with others behind them."""
    longer = (word + end for end in words[1000:] for word in words[1000:] if not end.startswith("##"))
    return [*words, *(next(longer) for _ in range(size - len(words)))]


def measure(vocabulary: Vocabulary, size: int) -> None:
    keystrokes = [stroke for text in TYPED for stroke in typed(vocabulary, text)]
    longest = max(keystrokes)
    middle = statistics.median(stroke.seconds for stroke in keystrokes)
    print(
        f"{size:,} entries, from key to painted: median {middle * 1e3:.1f} ms, "
        f"longest {longest.seconds * 1e3:.1f} ms ({longest.query!r}) of {len(keystrokes)} keystrokes"
        + (f"; at most {BOUND} ms allowed" if size == SIZES[0] else "")
    )
    vocabulary.table.setFocus()
    for column, name in enumerate(vocabulary.table.rows.names):
        spent = painted(vocabulary.table.viewport(), lambda column=column: vocabulary.table.turn(column))
        print(f"{size:,} entries, sorted by {name}: {spent * 1e3:.1f} ms")


def typed(vocabulary: Vocabulary, text: str) -> list[Keystroke]:
    """Types ``text`` and takes it back, a key at a time."""
    strokes, rows = [], vocabulary.table.viewport()
    for letter in text:
        spent = painted(rows, lambda letter=letter: QTest.keyClicks(vocabulary.search, letter))
        strokes.append(Keystroke(spent, vocabulary.search.text()))
    for _ in text:
        spent = painted(rows, lambda: QTest.keyClick(vocabulary.search, Qt.Key.Key_Backspace))
        strokes.append(Keystroke(spent, vocabulary.search.text()))
    return strokes


def painted(watched: QWidget, act: Callable[[], object]) -> float:
    """Seconds until what ``act`` changed is painted in ``watched`` and nothing is left to do."""
    seen = _Paints()
    watched.installEventFilter(seen)
    started = time.perf_counter()
    act()
    while not seen.count:
        QApplication.processEvents()
    QApplication.processEvents()
    spent = time.perf_counter() - started
    watched.removeEventFilter(seen)
    return spent


class _Paints(QObject):
    """Counts the paint events of what it watches."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.Paint
        return False
