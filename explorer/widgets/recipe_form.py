"""The recipe of a run to come: chosen from those that are shipped, typed, loaded or dropped."""

from __future__ import annotations

import codecs
import os
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QLineEdit, QPushButton, QVBoxLayout, QWidget

from explorer import paths
from explorer.widgets.corpus_editor import CorpusEditor
from explorer.widgets.flow import Flow
from explorer.widgets.recipe_cost import Command, RecipeCost
from explorer.widgets.recipe_fields import RecipeFields
from explorer.widgets.setting_editors import Chosen, Editor, ask_for_path
from explorer.widgets.setting_row import SettingRow, align, said, say
from explorer.worker import Lane, Worker
from model.training import files
from model.training.recipe import SIZES, CorpusRecipe, NetworkRecipe, Recipe, VocabularyRecipe
from model.training.run import require_name
from model.training.text import expand

_SHIPPED = ("little-world", "textbook")
_ENDING = ".toml"
_LOOKED_AT = 4_096  # bytes of a text: whether it is one
_STEPS, _DOCUMENTS, _ENTRIES = 10_000, 60_000, 600  # of a recipe that is chosen by its size, on Little World


class _Name(Editor):
    """A line of text."""

    def __init__(self) -> None:
        super().__init__()
        self.edit = QLineEdit()
        self.edit.textEdited.connect(self.edited)
        self._hold(self.edit)


class RecipeForm(QWidget):
    """A column for a page that scrolls. Text files, folders and a recipe's TOML file can be dropped on it.

    ``preset`` is the choice of recipes that are shipped and of sizes, ``tools`` the row of buttons at the end.
    """

    changed = Signal()  # what ``recipe`` gives back may be another

    def __init__(self, worker: Worker, command: Command) -> None:
        super().__init__()
        self._worker, self._command = worker, command
        self._suggested = ""  # name of the run
        self._folder = Path.cwd()  # from where relative paths are seen
        self._saved: tuple[Path, Recipe] | None = None  # the file that holds a recipe, loaded or saved last
        self._preset: tuple[str, Recipe] | None = None  # the one chosen last, and what it was
        self._recipe: Recipe | None = None
        self._lost: tuple[Sequence[str], str] = ((), "")  # texts of which one was not found, and the sentence
        self.fields, self.cost, self.tools = RecipeFields(), RecipeCost(command), Flow()
        self.preset, self._name = Chosen(self._presets()), _Name()
        self.notice = said()
        self.notice.hide()
        self.load_button = QPushButton(self.tr("Load…"))
        self.save_button = QPushButton(self.tr("Save…"))
        self.copy_button = QPushButton(self.tr("Copy command"))
        self._lay_out()
        self._connect()
        self._show_preset("little-world")

    def recipe(self) -> Recipe | None:
        """The recipe that is typed, every path absolute; None while something is impossible."""
        return self._recipe

    @property
    def name(self) -> str:
        """What the run is to be called."""
        return self._name.edit.text().strip() or self._suggested

    @property
    def may_begin(self) -> bool:
        """Whether there is a recipe, and a name that a run can have."""
        return self._recipe is not None and not self._name_row.is_marked

    def show_recipe(self, recipe: Recipe, name: str = "") -> None:
        """Shows another recipe, and suggests ``name`` for its run."""
        self._preset = None
        self._suggested = name or self.tr("run")
        if not self._name.edit.isModified():  # what was typed stays
            self._name.edit.setText(self._suggested)
        self._say("")
        self.fields.show_recipe(recipe)
        self._check()

    def hold(self, on: bool) -> None:
        """Measures no cost while ``on``, say while a run trains."""
        self.cost.hold(on)

    def cancel(self) -> None:
        """Ends a measurement of the cost; the next change begins another."""
        self.cost.cancel()

    def load(self, file: Path) -> None:
        """Shows the recipe in ``file``; where it cannot be read, says why and leaves the form as it is."""
        self._worker.submit(
            Lane.FILE,
            "recipe.load",
            lambda: Recipe.read(file),
            lambda recipe: self._loaded(file, recipe),
            self._fail,
            owner=self,
        )

    def take(self, paths: Sequence[Path]) -> None:
        """Shows the recipe that was dropped, or adds texts and folders to those that are read."""
        if len(paths) == 1 and paths[0].suffix.lower() == _ENDING:
            self.load(paths[0])
        else:
            self._corpus.add(paths)

    def save(self, file: Path) -> None:
        """Writes the recipe into ``file``, whole or not at all."""
        if (recipe := self._possible()) is not None:
            self._save(file, recipe)

    def copy_command(self) -> None:
        """Puts the command that does the same run on the clipboard; asks where to save the recipe first, if need be."""
        recipe = self._possible()
        if recipe is not None and self._saved is not None and self._saved[1] == recipe:
            self._copy(self._saved[0])
        elif recipe is not None:
            self._ask_where(recipe, self._copy)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            QTimer.singleShot(0, self, self._align)  # once the labels have the font, too

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        dropped = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        event.acceptProposedAction()
        self.take(dropped)

    # How it is made

    @property
    def _corpus(self) -> CorpusEditor:
        editor = self.fields.rows["corpus.files"].editor
        assert isinstance(editor, CorpusEditor)
        return editor

    def _lay_out(self) -> None:
        recipes = SettingRow(("preset",), self.tr("Recipe"), self.tr("Settings to begin with"), self.preset)
        self.preset.choice.setPlaceholderText(self.tr("your own"))
        name = self._name_row = SettingRow(("name",), self.tr("Name"), self.tr("What the run is called"), self._name)
        for button in (self.load_button, self.save_button, self.copy_button):
            self.tools.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for widget in (self.cost, recipes, self.fields, name, self.tools, self.notice):
            column.addWidget(widget)
        column.addStretch(1)
        for edit in self.findChildren(QWidget):
            edit.setAcceptDrops(False)  # or else an edit takes the name of a file that is dropped for text
        self.setAcceptDrops(True)
        self._align()

    def _align(self) -> None:
        align(self.findChildren(SettingRow))

    def _connect(self) -> None:
        self.fields.edited.connect(self._check)
        self.preset.edited.connect(self._choose)
        self._name.edited.connect(self._check_name)
        self.load_button.clicked.connect(self._ask_for_recipe)
        self.save_button.clicked.connect(self._ask_and_save)
        self.copy_button.clicked.connect(self.copy_command)

    def _presets(self) -> dict[str, str]:
        sizes = {key: f"{key} · {size.layers} × {size.hidden_size}" for key, size in SIZES.items() if key != "textbook"}
        return {"little-world": self.tr("Little World, five minutes"), "textbook": self.tr("Textbook"), **sizes}

    def _shipped(self, key: str) -> Recipe:
        if key in _SHIPPED:
            return Recipe.read(paths.resources() / "recipes" / f"{key}{_ENDING}")
        rate = 1e-4 if key == "base" else 5e-4  # that of Devlin et al. 2019; smaller networks bear more
        return Recipe(
            steps=_STEPS,
            learning_rate=rate,
            corpus=CorpusRecipe(little_world=_DOCUMENTS),
            vocabulary=VocabularyRecipe(size=_ENTRIES),
            network=NetworkRecipe(preset=key),
        )

    def _choose(self) -> None:
        self._show_preset(self.preset.value())

    def _show_preset(self, key: str) -> None:
        recipe = self._shipped(key)
        self.show_recipe(recipe, key)
        self._preset = (key, recipe)
        self.preset.show_value(key)

    # What is typed

    def _check_name(self) -> None:
        """Marks a name that a run cannot have."""
        try:
            require_name(self.name)
        except ValueError as error:
            self._name_row.mark(("name",), str(error))
        else:
            self._name_row.mark((), "")
        self.changed.emit()

    def _check(self) -> None:
        recipe = self.fields.check()
        self._recipe = None if recipe is None else recipe.placed(self._folder)
        self._look_for(tuple(str(self._folder / Path(text).expanduser()) for text in self._corpus.value()[1]))
        preset = self._preset
        self.preset.show_value(preset[0] if preset is not None and self._recipe == preset[1] else None)
        self.cost.show_recipe(self._recipe, self.fields.wrong)
        self.changed.emit()

    def _look_for(self, texts: tuple[str, ...]) -> None:
        """Refuses ``texts`` of which one is not there, which the worker finds out."""
        if not texts:
            return
        if texts == self._lost[0] and self._lost[1]:
            self._recipe = None
            self.fields.rows["corpus.files"].mark(["corpus.files"], self._lost[1])
        self._worker.submit(
            Lane.FILE,
            "recipe.texts",
            lambda: _missing(texts),
            lambda said: self._found(texts, said),
            self._fail,
            owner=self,
        )

    def _found(self, texts: tuple[str, ...], sentence: str) -> None:
        before, self._lost = self._lost, (texts, sentence)
        if self._lost != before and (sentence or texts == before[0]):
            self._check()

    # Files

    def _loaded(self, file: Path, recipe: Recipe) -> None:
        self._folder, self._saved = file.resolve().parent, (file, recipe)
        self.show_recipe(recipe, file.stem)
        self._say(self.tr("Loaded from {0}.").format(file))

    def _possible(self) -> Recipe | None:
        """The recipe that is typed; says so where there is none."""
        if self._recipe is None:
            self._say(self.tr("Not yet: a setting that is marked cannot be."), refused=True)
        return self._recipe

    def _ask_and_save(self) -> None:
        if (recipe := self._possible()) is not None:
            self._ask_where(recipe)

    def _save(self, file: Path, recipe: Recipe, then: Callable[[Path], None] | None = None) -> None:
        def saved(_: object) -> None:
            self._saved = (file, recipe)
            self._say(self.tr("Saved as {0}.").format(file))
            if then is not None:
                then(file)

        text = recipe.to_toml()
        self._worker.submit(
            Lane.FILE, "recipe.save", lambda: files.replace_text(file, text), saved, self._fail, owner=self
        )

    def _copy(self, file: Path) -> None:
        program, arguments = self._command("pretrain", str(file), "--name", self.name)
        command = _joined([program, *arguments])
        QGuiApplication.clipboard().setText(command)
        self._say(self.tr("On the clipboard: {0}").format(command))

    def _ask_for_recipe(self) -> None:
        ask_for_path(self, self.tr("Load a recipe"), self.load, kinds=(self.tr("Recipes (*.toml)"),))

    def _ask_where(self, recipe: Recipe, then: Callable[[Path], None] | None = None) -> None:
        """Saves ``recipe`` where the user says, and does ``then`` with the file."""
        where = self._saved[0] if self._saved is not None else Path.home() / f"{self.name}{_ENDING}"
        dialog = QFileDialog(self, self.tr("Save the recipe"), str(where), self.tr("Recipes (*.toml)"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(_ENDING[1:])
        dialog.fileSelected.connect(lambda file: self._save(Path(file), recipe, then))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _fail(self, error: Exception) -> None:
        if not isinstance(error, ValueError | OSError):
            raise error
        self._say(str(error), refused=True)

    def _say(self, sentence: str, *, refused: bool = False) -> None:
        say(self.notice, sentence, refused=refused)


def _missing(texts: Sequence[str]) -> str:
    """On the worker: a sentence about the first of ``texts`` that names nothing, or nothing that can be read."""
    for text in texts:
        try:
            found = expand([text], Path())
            if not any(file.stat().st_size for file in found):
                return f"{text} holds no text: choose another file or folder."
            for file in found:
                if file.suffix == ".txt":  # of what is packed, the run says it
                    _require_text(file)
        except (ValueError, OSError) as error:
            return str(error)
    return ""


def _require_text(file: Path) -> None:
    """Raises ``ValueError`` where what ``file`` begins with is no text."""
    with file.open("rb") as opened:
        beginning = opened.read(_LOOKED_AT)
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(beginning)
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise ValueError(f"{file} is not UTF-8 text: save it as UTF-8, or choose another file.")


def _joined(words: Sequence[str]) -> str:
    """A line for the system's command prompt."""
    if os.name == "nt":
        return " ".join(f'"{word}"' if " " in word else word for word in words)
    return shlex.join(words)
