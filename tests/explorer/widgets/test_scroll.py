from __future__ import annotations

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from explorer.widgets.scroll import Scroll


def test_a_page_scrolls_only_where_it_cannot_shrink(qtbot: QtBot) -> None:
    content = QWidget()
    column = QVBoxLayout(content)
    text, picture = QLabel("a sentence of some words " * 8, wordWrap=True), QWidget()
    picture.setMinimumHeight(100)
    for widget in (text, picture):
        column.addWidget(widget)
    scroll = Scroll(content)
    qtbot.addWidget(scroll)
    scroll.resize(300, 400)
    scroll.show()
    assert content.height() == scroll.viewport().height() == 400
    scroll.resize(300, 120)
    assert scroll.verticalScrollBar().maximum() > 0
    assert picture.height() == 100
    assert text.height() >= text.heightForWidth(text.width())
    picture.setMinimumHeight(10)
    qtbot.waitUntil(lambda: content.height() < 120 + 100)
    assert scroll.horizontalScrollBar().maximum() == 0


def test_a_page_asks_for_the_width_that_its_content_needs(qtbot: QtBot) -> None:
    content, picture = QWidget(), QWidget()
    QVBoxLayout(content).addWidget(picture)
    scroll = Scroll(content)
    qtbot.addWidget(scroll)
    for width in (200, 500):
        picture.setMinimumWidth(width)
        qtbot.waitUntil(lambda width=width: scroll.minimumSizeHint().width() >= width)  # type: ignore[misc]
