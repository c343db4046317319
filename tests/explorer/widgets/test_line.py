from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from explorer.widgets.line import Line


class Count(QObject):
    """Counts how often a widget is laid out anew."""

    number = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.number += event.type() == QEvent.Type.LayoutRequest
        return False


def shown(qtbot: QtBot, line: Line) -> QWidget:
    page = QWidget()
    qtbot.addWidget(page)
    QVBoxLayout(page).addWidget(line)
    page.resize(300, 200)
    page.show()
    qtbot.waitExposed(page)
    QApplication.processEvents()
    return page


def test_what_changes_under_the_mouse_does_not_lay_the_page_out_anew(qtbot: QtBot) -> None:
    line = Line(2)
    page, count = shown(qtbot, line), Count()
    page.installEventFilter(count)
    for number in range(5):
        line.say(f"he looks at <b>cute</b> with 0.0{number}")
        QApplication.processEvents()
    assert count.number == 0
    assert line.text().endswith("0.04")


def test_a_sentence_too_long_for_its_lines_gets_more(qtbot: QtBot) -> None:
    line = Line(2)
    page = shown(qtbot, line)
    assert page.isVisible()
    before = line.height()
    line.say("a long sentence " * 20)
    QApplication.processEvents()
    assert line.height() > 2 * before
