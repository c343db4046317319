"""Every setting of a recipe as a form, made from the dataclasses of ``model.training.recipe``."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from explorer import theme
from explorer.widgets.corpus_editor import CorpusEditor, LimitEditor
from explorer.widgets.setting_editors import Editor, Lines, Number, editor, meaning, words
from explorer.widgets.setting_row import Fold, SettingRow, said, say
from model.training.recipe import (
    SIZES,
    CorpusRecipe,
    NetworkRecipe,
    Recipe,
    VocabularyRecipe,
    phases_to_toml,
    problems,
)

_TABLES: dict[str, Any] = {"": Recipe, "corpus": CorpusRecipe, "vocabulary": VocabularyRecipe, "network": NetworkRecipe}
_FIELDS = {  # by key, such as network.layers
    f"{table}.{one.name}".lstrip("."): one
    for table, kind in _TABLES.items()
    for one in dataclasses.fields(kind)
    if "setting" in one.metadata
}
_FRONT = (
    "corpus.little_world corpus.files",
    "vocabulary.size",
    "network.preset",
    "length",
    "batch",
    "learning_rate",
    "steps minutes",
    "objective",
)
_OPTIMIZER = "optimizer weight_decay beta1 beta2 epsilon clip accumulation precision seed"
_MASKING = "chosen masked replaced short_share bare_share same_word"
_SCHEDULE = "warmup hold decay"
_KEY = re.compile(r"[a-z_0-9]+(?:\.[a-z_0-9]+)?")


class PhasesEditor(Lines):
    """Edits ``phases`` as TOML; where that is none, ``problem`` says why."""

    def __init__(self) -> None:
        super().__init__("[[phases]]\nshare = 0.9\n[[phases]]\nshare = 0.1\nlength = 512", least=5)
        self.below, self.problem = self, ""

    def value(self) -> Any:
        self.problem = ""
        try:
            read = tomllib.loads(self.box.toPlainText())
        except tomllib.TOMLDecodeError as error:
            self.problem = self.tr("phases is not valid TOML: {0}.").format(error)
            return []
        if read.keys() - {"phases"}:
            self.problem = self.tr("phases holds other keys: write [[phases]] above each phase.")
        return read.get("phases", [])

    def show_value(self, value: Any) -> None:
        self._show(phases_to_toml(value))


class RecipeFields(QWidget):
    """Shows a recipe, gives back what is typed, and marks what cannot be where it was typed."""

    edited = Signal()  # by the user, at each keystroke

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, SettingRow] = {}  # by each key
        self.more = Fold(self.tr("More: masking, schedule"))
        self.foot = said()
        self.foot.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for row in self._front():
            column.addWidget(row)
        column.addWidget(self.more)
        column.addWidget(self.foot)
        for title, keys in self._groups():
            heading = QLabel(title)
            heading.setContentsMargins(0, 8, 0, 0)
            theme.role(heading, "heading")
            self.more.column.addWidget(heading)
            for key in keys:
                made = PhasesEditor() if key == "phases" else editor(_FIELDS[key], self._titles())
                self.more.column.addWidget(self._row([key], "", made))

    def values(self) -> dict[str, Any]:
        """What is typed, in tables as in a file, for ``Recipe.from_fields``."""
        fields: dict[str, Any] = {}
        for row in self._distinct():
            for key, value in row.values.items():
                table, _, name = key.rpartition(".")
                (fields.setdefault(table, {}) if table else fields)[name] = value
        return fields

    def show_recipe(self, recipe: Recipe) -> None:
        """Shows every value of ``recipe``."""
        for row in self._distinct():
            row.show_values([_value(recipe, key) for key in row.keys])
        self.check()

    @property
    def wrong(self) -> list[str]:
        """What the settings are called that are marked."""
        return [row.name for row in self._distinct() if row.is_marked]

    def check(self) -> Recipe | None:
        """The recipe that is typed, its paths as they are typed; None, and marks, where there can be none."""
        fields = self.values()
        self._note_given(fields)
        phases = self.rows["phases"].editor
        assert isinstance(phases, PhasesEditor)
        found = [*problems(fields), *filter(None, [phases.problem])]
        self.mark(found)
        if found:
            return None
        recipe = Recipe.from_fields(fields)
        self._note_preset(recipe)
        return recipe

    def mark(self, sentences: Iterable[str]) -> None:
        """Says each sentence below the editor whose key it names; one that names several stands at the foot."""
        marks: dict[SettingRow, tuple[set[str], list[str]]] = {row: (set(), []) for row in self._distinct()}
        foot = []
        for sentence in sentences:
            keys = named(sentence, self.rows)
            for key in keys:
                marks[self.rows[key]][0].add(key)
            rows = {self.rows[key] for key in keys}
            if len(rows) == 1:
                marks[rows.pop()][1].append(self._in_other_words(sentence))
            else:
                foot.append(sentence)
        for row, (wrong, said_there) in marks.items():
            row.mark(tuple(wrong), "\n".join(said_there))
            if wrong and self.more.content.isAncestorOf(row):
                self.more.unfold()
        say(self.foot, "\n".join(foot), refused=True)

    # What it is made of

    def _front(self) -> Iterator[SettingRow]:
        titles = {
            "network.preset": self.tr("Size"),
            "vocabulary.size": self.tr("Vocabulary"),
            "steps minutes": self.tr("Run for"),
            "corpus.little_world corpus.files": self.tr("Corpus"),
        }
        special = {"steps minutes": LimitEditor, "corpus.little_world corpus.files": CorpusEditor}
        for joined in _FRONT:
            keys = joined.split()
            kind = special.get(joined)
            made = editor(_FIELDS[keys[0]], self._titles()) if kind is None else kind()
            yield self._row(keys, titles.get(joined, ""), made)

    def _groups(self) -> Iterator[tuple[str, list[str]]]:
        """Every key that does not stand in front, in groups."""
        left = [key for key in [*_FIELDS, "phases"] if key not in " ".join(_FRONT).split()]
        groups = {
            self.tr("Optimizer"): _OPTIMIZER.split(),
            self.tr("Masking"): _MASKING.split(),
            self.tr("Schedule"): _SCHEDULE.split(),
            self.tr("Corpus"): [key for key in left if key.startswith("corpus.")],
            self.tr("Vocabulary"): [key for key in left if key.startswith("vocabulary.")],
            self.tr("Network"): [*(key for key in left if key.startswith("network.")), "start_from"],
            self.tr("Phases"): ["phases"],
        }
        grouped = {key for keys in groups.values() for key in keys}
        groups[self.tr("Log and snapshots")] = [key for key in left if key not in grouped]
        yield from groups.items()

    def _row(self, keys: Sequence[str], title: str, made: Editor) -> SettingRow:
        if keys[0] == "phases":
            name, says = (
                self.tr("Phases, as TOML"),
                self.tr("spans of the run that differ from the rest, one after the other"),
            )
        else:
            name, says = title or words(_FIELDS[keys[0]].name), meaning(_FIELDS[keys[0]])
        row = SettingRow(keys, name, says, made)
        made.edited.connect(self.edited)
        self.rows |= dict.fromkeys(keys, row)
        return row

    def _titles(self) -> Mapping[str, str]:
        sizes = {name: f"{name} · {size.layers} × {size.hidden_size}" for name, size in SIZES.items()}
        learnt = {"mlm+nsp": self.tr("MLM + NSP"), "mlm": self.tr("MLM"), "causal": self.tr("next token")}
        return {**sizes, **learnt, "adamw": "AdamW", "muon": "Muon"}

    def _distinct(self) -> list[SettingRow]:
        return list(dict.fromkeys(self.rows.values()))

    def _note_given(self, fields: dict[str, Any]) -> None:
        """Says which settings in front something under More takes the place of."""
        start, model = fields["start_from"], fields["vocabulary"]["model"]
        taken = self.tr("Taken from {0}: see More.")
        source = PurePath(start or model).name
        self.rows["vocabulary.size"].give(taken.format(source) if source else "")
        self.rows["network.preset"].give(taken.format(PurePath(start).name) if start else "")

    def _note_preset(self, recipe: Recipe) -> None:
        """Says in empty fields which number the preset gives."""
        config = recipe.config(recipe.vocabulary.size)
        for name, number in {
            "layers": config.num_hidden_layers,
            "heads": config.num_attention_heads,
            "hidden_size": config.hidden_size,
            "intermediate_size": config.intermediate_size,
            "max_length": config.max_position_embeddings,
        }.items():
            row = self.rows[f"network.{name}"]
            assert isinstance(row.editor, Number)
            row.editor.edit.fall_back(number)
            row.editor.setEnabled(not recipe.start_from)

    def _in_other_words(self, sentence: str) -> str:
        if sentence.startswith("Set either steps or minutes"):  # the form lets one choose: there is a 0
            return self.tr("Say how long it trains: a number above 0.")
        return sentence


def named(sentence: str, known: Mapping[str, object]) -> list[str]:
    """The keys, of those ``known``, that a sentence begins with, one or two with "and"; or else all in it."""
    found = [key for key in _KEY.findall(sentence) if key in known]
    head = re.match(r"(\S+?)(?: and (\S+))?(?:\[| )", sentence)
    first = [key for key in (head.groups() if head else ()) if key in known]
    return first or list(dict.fromkeys(found))


def _value(recipe: Recipe, key: str) -> object:
    table, _, name = key.rpartition(".")
    return getattr(getattr(recipe, table) if table else recipe, name)
