"""What a setting of a recipe is typed or chosen in: one kind of editor for each kind of value.

What cannot be stays as it was typed: ``value`` then gives back the text itself, and the recipe says what is wrong with
it.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QTextOption, QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QToolButton,
    QWidget,
)

from model.training.recipe import Setting, setting

_LONGEST, _SHOWN = 40, 5  # characters of a number: as many as can be, and as are always seen
_FOLDERS = ("model", "start_from")  # settings that name a model directory
_SEPARATORS = re.compile(r"(?<=\d)[,_\s](?=\d)")  # between the thousands of a whole number


class Editor(QWidget):
    """Base: shows and gives back a value. ``parts`` are what is typed into, one for each key that it edits."""

    edited = Signal()  # by the user, at each keystroke

    def __init__(self) -> None:
        super().__init__()
        self.parts: tuple[QWidget, ...] = ()
        self.below: QWidget | None = None  # what it shows on the whole width of the form, below itself
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, 0, 0, 0)
        self.row.setSpacing(6)

    def value(self) -> Any:
        """What it shows; a tuple where it edits several keys."""
        raise NotImplementedError

    def show_value(self, value: Any) -> None:
        """Shows another value; ``edited`` is not emitted."""
        raise NotImplementedError

    def describe(self, name: str, meaning: str) -> None:
        """Says to the eye and to a screen reader what it is."""
        for part in self.parts:
            part.setAccessibleName(name)
            part.setAccessibleDescription(meaning)
            part.setToolTip(meaning)

    def _hold(self, part: QWidget) -> None:
        """Puts in the one ``part`` that it has."""
        self.parts = (part,)
        self.row.addWidget(part, 1)
        self.setFocusProxy(part)


class NumberEdit(QLineEdit):
    """A line for a number, 60,000 or 5e-4; the Up and Down keys change its second figure."""

    def __init__(self, bounds: Setting, *, whole: bool) -> None:
        super().__init__()
        self._bounds, self._whole = bounds, whole
        self._empties = False
        self.setMaxLength(_LONGEST)
        self._fit()

    def number(self) -> int | float | str:
        """The number, or else the text."""
        text = self.text().strip()
        if self._empties and not text:
            return 0
        try:
            return int(_SEPARATORS.sub("", text)) if self._whole else float(text)
        except ValueError:
            return text

    def show_number(self, number: float | str) -> None:
        self.setText("" if self._empties and number == 0 else written(number))
        self.setCursorPosition(0)

    def fall_back(self, number: int) -> None:
        """Says which ``number`` stands for 0, which is shown as nothing from now on."""
        self._empties = True
        self.setPlaceholderText(written(number))
        if self.number() == 0:
            self.clear()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        self.setMinimumWidth(_SHOWN * self.fontMetrics().averageCharWidth() + 20)  # within its frame

    def be_whole(self, whole: bool) -> None:
        """Whether it is one that counts."""
        self._whole = whole

    def keyPressEvent(self, event: QKeyEvent) -> None:
        ways = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}
        way, number = ways.get(Qt.Key(event.key())), self.number()
        if way is None or isinstance(number, str) or not math.isfinite(number):
            super().keyPressEvent(event)
            return
        self.show_number(min(max(stepped(number, way), self._bounds.low), self._bounds.high))
        self.textEdited.emit(self.text())


class Choice(QComboBox):
    """A choice that the wheel changes only while it has the keys: the form scrolls on over it."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(6)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def showPopup(self) -> None:
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + 2 * self.fontMetrics().averageCharWidth())
        super().showPopup()


class Number(Editor):
    """A number of one key."""

    def __init__(self, bounds: Setting, *, whole: bool) -> None:
        super().__init__()
        self.edit = NumberEdit(bounds, whole=whole)
        self.edit.textEdited.connect(self.edited)
        self._hold(self.edit)

    def value(self) -> int | float | str:
        return self.edit.number()

    def show_value(self, value: Any) -> None:
        self.edit.show_number(value)


class Chosen(Editor):
    """One of a few texts, each under a title."""

    def __init__(self, titles: Mapping[str, str]) -> None:
        super().__init__()
        self.choice = Choice()
        for value, title in titles.items():
            self.choice.addItem(title, value)
        self.choice.activated.connect(self.edited)
        self._hold(self.choice)

    def value(self) -> str:
        return str(self.choice.currentData())

    def show_value(self, value: Any) -> None:
        self.choice.setCurrentIndex(self.choice.findData(value))


class Tick(Editor):
    """True or false."""

    def __init__(self) -> None:
        super().__init__()
        self.box = QCheckBox()
        self.box.clicked.connect(self.edited)
        self._hold(self.box)

    def value(self) -> bool:
        return self.box.isChecked()

    def show_value(self, value: Any) -> None:
        self.box.setChecked(value)


class Folder(Editor):
    """The name of a folder, typed or chosen."""

    def __init__(self) -> None:
        super().__init__()
        self.edit, self.choose = QLineEdit(), QToolButton()
        self.edit.textEdited.connect(self.edited)
        self._hold(self.edit)
        self.choose.setText("…")
        self.choose.clicked.connect(self._ask)
        self.row.addWidget(self.choose)

    def value(self) -> str:
        return self.edit.text().strip()

    def show_value(self, value: Any) -> None:
        self.edit.setText(value)

    def describe(self, name: str, meaning: str) -> None:
        super().describe(name, meaning)
        self.choose.setAccessibleName(self.tr("{0}: choose a folder").format(name))
        self.choose.setToolTip(self.tr("Choose a folder"))

    def _ask(self) -> None:
        ask_for_path(self, self.tr("Choose a model folder"), self._take, folder=True)

    def _take(self, path: Path) -> None:
        self.edit.setText(str(path))
        self.edited.emit()


class TextBox(QPlainTextEdit):
    """Lines of text, as high as they are within a few."""

    _MOST = 8  # lines

    def __init__(self, least: int = 1) -> None:
        super().__init__()
        self._least = least
        self.setTabChangesFocus(True)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAnywhere)
        self.document().setDocumentMargin(1)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        self._fit()

    def sizeHint(self) -> QSize:
        return QSize(120, self.minimumHeight())

    def minimumSizeHint(self) -> QSize:
        return QSize(60, self.minimumHeight())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        lines = min(max(round(self.document().size().height()), self._least), self._MOST)  # a plain text's is in lines
        height = lines * self.fontMetrics().lineSpacing() + 14  # the frame, and what the style puts around the text
        if height != self.minimumHeight():
            self.setFixedHeight(height)


class Lines(Editor):
    """Several texts, one a line."""

    def __init__(self, hint: str = "", least: int = 1) -> None:
        super().__init__()
        self.box = TextBox(least)
        self.box.setPlaceholderText(hint)
        self.box.textChanged.connect(self._tell)
        self._shows = False
        self._hold(self.box)

    def value(self) -> Any:
        return tuple(line.strip() for line in self.box.toPlainText().splitlines() if line.strip())

    def show_value(self, value: Any) -> None:
        self._show("\n".join(value))

    def _show(self, text: str) -> None:
        self._shows = True
        self.box.setPlainText(text)
        self._shows = False

    def _tell(self) -> None:
        if not self._shows:
            self.edited.emit()


class Weights(Lines):
    """Numbers under names, ``news = 2`` a line. A line that is none gives the name no number."""

    def value(self) -> dict[str, float | None]:
        return {name.strip(): _float(number) for name, _, number in (line.rpartition("=") for line in super().value())}

    def show_value(self, value: Any) -> None:
        self._show("\n".join(f"{name} = {written(number)}" for name, number in value.items()))


def editor(of: dataclasses.Field[Any], titles: Mapping[str, str]) -> Editor:
    """The editor of one field of a recipe. ``titles`` has other words for its choices, where they need some."""
    bounds = setting(of)
    if bounds.choices:
        return Chosen({choice: titles.get(choice, _tr(choice)) for choice in bounds.choices})
    if of.default is dataclasses.MISSING:
        return Weights(_tr("news = 2"))
    if isinstance(of.default, bool):
        return Tick()
    if isinstance(of.default, int | float):
        return Number(bounds, whole=isinstance(of.default, int))
    if isinstance(of.default, tuple):
        return Lines(_tr("one a line"))
    if of.name not in _FOLDERS:
        raise TypeError(f"There is no editor for {of.name}.")
    return Folder()


def words(name: str) -> str:
    """The words of a field's name: ``learning_rate`` is "Learning rate"."""
    return _tr(name.replace("_", " ").capitalize())


def meaning(of: dataclasses.Field[Any]) -> str:
    """What a field means, for people."""
    return _tr(setting(of).meaning)


def written(number: float | str) -> str:
    """A number as short as it can be typed: 60,000, 0.05 or 1e-6. What is none stays."""
    if isinstance(number, str):
        return number
    if isinstance(number, int):
        return f"{number:,}"
    return re.sub(r"e([-+])0*", lambda found: "e-" if found[1] == "-" else "e", repr(number).removesuffix(".0"))


def stepped(number: float, way: int) -> float:
    """The next number up (1) or down (-1) in its second figure, whole numbers by one at the least."""
    place = math.floor(math.log10(abs(number))) - 1 if number else -2
    if isinstance(number, int):
        return number + way * 10 ** max(place, 0)
    return round(number + way * 10.0**place, -place)


def ask_for_path(parent: QWidget, title: str, chosen: Any, *, folder: bool = False, kinds: Sequence[str] = ()) -> None:
    """Lets the user choose a file or a folder, without blocking: ``chosen`` is called with each."""
    dialog = QFileDialog(parent, title)
    dialog.setFileMode(QFileDialog.FileMode.Directory if folder else QFileDialog.FileMode.ExistingFiles)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly, folder)
    if kinds:
        dialog.setNameFilters(list(kinds))
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.filesSelected.connect(lambda paths: [chosen(Path(path)) for path in paths])
    dialog.open()


def _float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _tr(text: str) -> str:
    return QCoreApplication.translate("recipe", text) if text else text
