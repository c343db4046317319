"""The chapter's sentences, as they stand in ``resources/examples.toml``, and the questions that they ask."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from explorer import paths
from model import inputs
from model.scenario import Direction, Scenario

if TYPE_CHECKING:
    from model.bert import Bert


@dataclass(frozen=True)
class Example:
    """One sentence or pair. Edits name words, since a word's position depends on the model's vocabulary."""

    title: str
    row: str  # of the chapter's list of ideas: "C13"
    first: str
    second: str = ""
    mask: tuple[str, ...] = ()
    replace: dict[str, str] = field(default_factory=dict)
    keep: tuple[str, ...] = ()
    direction: Direction | None = None

    @property
    def scenario(self) -> Scenario:
        """The question without its edits: all that can be asked before a model is open."""
        return Scenario(self.first, self.second, direction=self.direction)

    def asked_of(self, bert: Bert) -> Scenario:
        """The question in the pieces of ``bert``. On the worker's thread."""
        rows = inputs.build(bert.tokenizer, bert.config, self.scenario)
        scenario = self.scenario
        for word in self.mask:
            scenario = scenario.mask(self._position(rows, word))
        for word, piece in self.replace.items():
            scenario = scenario.replace(self._position(rows, word), piece)
        for word in self.keep:
            scenario = scenario.keep(self._position(rows, word))
        return scenario

    def _position(self, rows: inputs.Inputs, word: str) -> int:
        """Where the first piece of ``word`` stands in the input."""
        for number, text in enumerate((self.first, self.second)):
            found = re.search(rf"\b{re.escape(word)}\b", text)
            for position, offset in enumerate(rows.offsets):
                if found and rows.texts[position] == number and offset is not None and offset[1] > found.start():
                    return position
        raise ValueError(f"The example “{self.title}” has no word “{word}” that this model reads.")


@dataclass(frozen=True)
class Group:
    """The examples of one idea."""

    title: str
    examples: tuple[Example, ...]


def load(file: Path | None = None) -> tuple[Group, ...]:
    """The groups of the examples menu, in order."""
    with (file or paths.resources() / "examples.toml").open("rb") as stream:
        groups = tomllib.load(stream)["group"]
    return tuple(Group(group["title"], tuple(_example(**fields) for fields in group["example"])) for group in groups)


def first() -> Example:
    """The chapter's pair, which the window opens with."""
    return load()[0].examples[0]


def _example(*, mask: list[str] | None = None, keep: list[str] | None = None, **fields: object) -> Example:
    return Example(mask=tuple(mask or ()), keep=tuple(keep or ()), **fields)  # type: ignore[arg-type]
