"""What is read, and for how long: the two settings of a recipe that are either one thing or another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from explorer import theme
from explorer.widgets.flow import Flow
from explorer.widgets.setting_editors import Choice, Editor, Lines, NumberEdit, ask_for_path
from model.training.recipe import Setting
from model.training.text import ENDINGS

LITTLE_WORLD, OWN, BOTH = range(3)
_DOCUMENTS = 60_000  # of Little World, where nothing else was said: five minutes of reading
_STEPS, _MINUTES = 5_000, 5.0


class CorpusEditor(Editor):
    """Edits ``corpus.little_world`` and ``corpus.files``."""

    def __init__(self) -> None:
        super().__init__()
        self.kind, self.files = Choice(), Lines(self.tr("Drop text files or folders here"), least=2)
        for title in (self.tr("Little World"), self.tr("your own text"), self.tr("both")):
            self.kind.addItem(title)
        self.documents = NumberEdit(Setting("", low=1), whole=True)
        self.add_file, self.add_folder = QPushButton(self.tr("Add files…")), QPushButton(self.tr("Add folder…"))
        self.parts = (self.documents, self.files.box)
        self.setFocusProxy(self.kind)
        self.below = self._lay_out()
        self.kind.activated.connect(self._turn)
        self.documents.textEdited.connect(self.edited)
        self.files.edited.connect(self.edited)
        self.add_file.clicked.connect(self._ask_for_files)
        self.add_folder.clicked.connect(self._ask_for_folder)
        self.show_value((_DOCUMENTS, ()))

    def value(self) -> tuple[int | float | str, Sequence[str]]:
        kind = self.kind.currentIndex()
        return 0 if kind == OWN else self.documents.number(), () if kind == LITTLE_WORLD else self.files.value()

    def show_value(self, value: Any) -> None:
        documents, files = value
        if documents:
            self.documents.show_number(documents)
        if files:
            self.files.show_value(files)
        self._show_kind(BOTH if documents and files else OWN if files else LITTLE_WORLD)

    def describe(self, name: str, meaning: str) -> None:
        self.kind.setAccessibleName(name)
        self.kind.setAccessibleDescription(meaning)
        self.kind.setToolTip(meaning)
        self.documents.setAccessibleName(self.tr("Documents of Little World"))
        self.documents.setToolTip(self.tr("How many documents of Little World are written and read"))
        self.files.box.setAccessibleName(self.tr("Your own text files and folders"))
        self.files.box.setToolTip(self.tr("One file, folder or pattern a line: {0}").format(", ".join(ENDINGS)))

    def add(self, paths: Sequence[Path]) -> None:
        """Adds files and folders to those that are read; instead of Little World where that was chosen."""
        if self.kind.currentIndex() == LITTLE_WORLD:
            self.files.show_value(())
            self._show_kind(OWN)
        there = self.files.value()
        self.files.show_value((*there, *(str(path) for path in paths if str(path) not in there)))
        self.edited.emit()

    def _lay_out(self) -> QWidget:
        kinds, self._written, self._own = QWidget(), QWidget(), QWidget()
        row = QHBoxLayout(self._written)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(5)
        row.addWidget(self.documents, 1)
        unit = QLabel(self.tr("documents"))
        theme.role(unit, "faint")
        row.addWidget(unit)
        buttons = Flow()
        buttons.addWidget(self.add_file)
        buttons.addWidget(self.add_folder)
        for of, widgets in ((kinds, (self.kind, self._written)), (self._own, (self.files, buttons))):
            column = QVBoxLayout(of)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(6)
            for widget in widgets:
                column.addWidget(widget)
        self.row.addWidget(kinds)
        return self._own

    def _show_kind(self, kind: int) -> None:
        self.kind.setCurrentIndex(kind)
        self._written.setVisible(kind != OWN)
        self._own.setVisible(kind != LITTLE_WORLD)

    def _turn(self, kind: int) -> None:
        self._show_kind(kind)
        self.edited.emit()

    def _ask_for_files(self) -> None:
        kinds = (self.tr("Texts ({0})").format(" ".join(f"*{ending}" for ending in ENDINGS)), self.tr("All files (*)"))
        ask_for_path(self, self.tr("Choose text files"), lambda path: self.add([path]), kinds=kinds)

    def _ask_for_folder(self) -> None:
        ask_for_path(self, self.tr("Choose a folder of text files"), lambda path: self.add([path]), folder=True)


class LimitEditor(Editor):
    """Edits ``steps`` and ``minutes``, of which the one that is not chosen is 0."""

    def __init__(self) -> None:
        super().__init__()
        self.edit, self.unit = NumberEdit(Setting("", low=0), whole=True), Choice()
        self.unit.addItem(self.tr("steps"))
        self.unit.addItem(self.tr("minutes"))
        self.unit.setMinimumContentsLength(5)
        self.parts = (self.edit, self.edit)
        self.row.addWidget(self.edit, 1)
        self.row.addWidget(self.unit, 1)
        self.setFocusProxy(self.edit)
        self._typed = [str(_STEPS), str(_MINUTES)]  # what each unit showed last
        self.edit.textEdited.connect(self.edited)
        self.unit.activated.connect(self._turn)
        self.show_value((_STEPS, 0.0))

    def value(self) -> tuple[int | float | str, int | float | str]:
        number = self.edit.number()
        return (number, 0.0) if self._unit == 0 else (0, number)

    def show_value(self, value: Any) -> None:
        steps, minutes = value
        self._unit = 1 if minutes else 0
        self.unit.setCurrentIndex(self._unit)
        self.edit.be_whole(self._unit == 0)
        self.edit.show_number(minutes or steps)

    def describe(self, name: str, meaning: str) -> None:
        super().describe(name, meaning)
        self.unit.setAccessibleName(self.tr("Steps or minutes"))
        self.unit.setToolTip(self.tr("Count steps or minutes"))

    def _turn(self, unit: int) -> None:
        if unit == self._unit:
            return
        self._typed[self._unit], self._unit = self.edit.text(), unit
        self.edit.be_whole(unit == 0)
        self.edit.setText(self._typed[unit])
        self.edited.emit()
