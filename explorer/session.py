"""A session file (``.bertx``, JSON): the question, the model that it is put to, and what of the answer is looked at."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import QCoreApplication

from explorer.comparison import Shown
from explorer.widgets.kept import Value
from explorer.widgets.sentence_bar import LONGEST
from model import inputs
from model.lens.steps import Place, Stage
from model.scenario import Scenario
from model.training import files

if TYPE_CHECKING:
    from model.bert import Bert

SCHEMA = 1
ENDING = ".bertx"

Side = Literal["left", "right"]

_HIGHEST = 2**31 - 1  # a layer, head or position: any more is no index
_LARGEST = 4_000_000  # bytes: sentences as long as one can type, and 8,192 pieces, are far less
_LONGEST_TEXT = 200_000  # characters of a text field: a pasted paragraph

translate = QCoreApplication.translate


@dataclass(frozen=True)
class Asked:
    """A question, and the model that it is put to."""

    scenario: Scenario
    bundled: str = ""  # the name of a model that is shipped: so it opens on another machine, too
    folder: Path | None = None  # of any other model
    tokens: tuple[str, ...] = ()  # T pieces of the texts without edits: what the positions speak of

    def fitted(self, bert: Bert) -> tuple[Scenario, bool]:
        """On the worker: the question as it can be put to ``bert``, and whether that is all of it.

        Where ``bert`` splits the texts otherwise, positions say nothing: edits and flips are gone.
        Raises ``ValueError`` where it cannot read the texts.
        """
        bare = Scenario(self.scenario.first, self.scenario.second)
        scenario, config = self.scenario, bert.config
        if inputs.build(bert.tokenizer, config, bare).originals != self.tokens or any(
            edit.piece is not None and edit.piece not in bert.tokenizer.tokens for edit in scenario.edits
        ):
            scenario = scenario.moved(lambda _: None)
        off = {layer for layer, _ in scenario.heads_off} | scenario.layers_off
        if max(off, default=0) >= config.num_hidden_layers or any(
            head >= config.num_attention_heads for _, head in scenario.heads_off
        ):
            scenario = scenario.all_on()
        return scenario, scenario == self.scenario


@dataclass(frozen=True)
class Session(Asked):
    """What the window shows. Layers, heads and positions count from 0; None is nothing."""

    tab: str = ""
    views: Mapping[str, str] = field(default_factory=dict)  # by tab, which of its views is in front
    controls: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)  # by tab, those that were set by hand
    pinned: Asked | None = None
    shown: Shown = Shown.NOW  # with a pinned answer: the tokens that are chosen are of this one
    token: int | None = None
    head: tuple[int, int] | None = None
    cell: tuple[int, int] | None = None
    dock: Side | None = None  # where the arithmetic stands, if it does
    way: tuple[Place, ...] = ()  # the numbers on the way to the one that it writes out

    def to_json(self) -> str:
        """One JSON object that ``from_json`` reads back as an equal session; ASCII."""
        fields = {
            "schema": SCHEMA,
            **_asked(self),
            "tab": self.tab,
            "views": dict(self.views),
            "controls": {tab: dict(controls) for tab, controls in self.controls.items()},
            "pinned": None if self.pinned is None else _asked(self.pinned),
            "shown": self.shown.name.lower(),
            "selection": {"token": self.token, "head": self.head, "cell": self.cell},
            "dock": self.dock,
            "way": [{**dataclasses.asdict(place), "stage": place.stage.name} for place in self.way],
        }
        return json.dumps(fields, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Session:
        """The session that ``to_json`` wrote; ``ValueError`` for anything else. Unknown fields are ignored."""
        try:
            fields = _object(json.loads(text))
            schema = fields["schema"]
            if _whole(schema) > SCHEMA:
                raise ValueError(
                    translate("session", "it was written by a later version, with schema {0}; this one reads up to {1}")
                    .format(schema, SCHEMA)
                )  # fmt: skip
            chosen, pinned = _object(fields["selection"]), fields.get("pinned")
            return cls(
                **_read_asked(fields),
                controls={tab: _controls(controls) for tab, controls in _object(fields.get("controls", {})).items()},
                pinned=None if pinned is None else Asked(**_read_asked(_object(pinned))),
                shown=_shown(fields.get("shown", "now")),
                tab=_text(fields["tab"]),
                views={name: _text(view) for name, view in _object(fields["views"]).items()},
                token=None if chosen["token"] is None else _whole(chosen["token"]),
                head=_two(chosen["head"]),
                cell=_two(chosen["cell"]),
                dock=_side(fields["dock"]),
                way=tuple(map(_place, _list(fields["way"]))),
            )
        except KeyError as error:
            raise ValueError(translate("session", "it does not say {0}").format(error)) from error
        except RecursionError as error:
            raise ValueError(translate("session", "it is nested too deeply")) from error


def read(file: Path) -> Session:
    """On the worker: the session in a file; ``ValueError`` or ``OSError`` with a sentence."""
    try:
        with files.said_in_a_sentence(file, "read"), file.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
        if len(content) > _LARGEST:
            raise ValueError(translate("session", "it is too large for one"))
        return Session.from_json(content.decode("utf-8-sig"))
    except ValueError as error:
        sentence = translate("session", "{file} is no session that can be opened: {why}.")
        raise ValueError(sentence.format(file=file, why=str(error).rstrip("."))) from error


def write(file: Path, session: Session) -> None:
    """On the worker: writes a session, whole or not at all; ``OSError`` with a sentence."""
    with files.said_in_a_sentence(file.parent, "written"):
        file.parent.mkdir(parents=True, exist_ok=True)
    files.replace_text(file, session.to_json())


def _asked(asked: Asked) -> dict[str, Any]:
    return {
        "model": {"bundled": asked.bundled} if asked.folder is None else {"folder": str(asked.folder)},
        "scenario": json.loads(asked.scenario.to_json()),
        "tokens": asked.tokens,
    }


def _read_asked(fields: dict[str, Any]) -> dict[str, Any]:
    """What an ``Asked`` is made of."""
    model = _object(fields["model"])
    folder = _folder(model["folder"]) if "folder" in model else None
    return {
        "scenario": _scenario(fields["scenario"]),
        "bundled": "" if folder is not None else _text(model["bundled"]),
        "folder": folder,
        "tokens": tuple(map(_text, _list(fields["tokens"]))),
    }


def _controls(fields: object) -> dict[str, Value]:
    """Controls by their names; text that is as long as no field is has been put there by something else."""
    for value in _object(fields).values():
        if isinstance(value, str) and len(value) <= _LONGEST_TEXT:
            continue
        if not isinstance(value, bool | int) or abs(value) > _HIGHEST:
            raise _wrong(value)
    return _object(fields)


def _shown(value: object) -> Shown:
    names = {shown.name.lower(): shown for shown in Shown}
    if not isinstance(value, str) or value not in names:
        raise _wrong(value)
    return names[value]


def _scenario(fields: object) -> Scenario:
    scenario = Scenario.from_json(json.dumps(_object(fields)))
    if max(len(scenario.first), len(scenario.second)) > LONGEST:
        raise ValueError(translate("session", "a sentence in it is longer than one can be"))
    return scenario


def _folder(value: object) -> Path:
    folder = Path(_text(value))
    try:
        named = b"\0" not in os.fsencode(folder)
    except UnicodeEncodeError:
        named = False
    if not (named and folder.is_absolute()):
        raise ValueError(translate("session", "{0} is no folder's whole path").format(ascii(str(folder))))
    return folder


def _side(value: object) -> Side | None:
    if value is None or value == "left" or value == "right":
        return value  # type: ignore[return-value]  # compared as a whole
    raise _wrong(value)


def _place(value: object) -> Place:
    fields = _object(value)
    stage = _text(fields["stage"])
    if stage not in Stage.__members__:
        raise _wrong(stage)
    layer, head, row, column = (_whole(fields[name]) for name in ("layer", "head", "row", "column"))
    return Place(Stage[stage], layer, head, row, column, _text(fields["name"]))


def _two(value: object) -> tuple[int, int] | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2:
        raise _wrong(value)
    return _whole(value[0]), _whole(value[1])


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _HIGHEST:
        raise _wrong(value)
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _wrong(value)
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise _wrong(value)
    return value


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(value)
    return value


def _wrong(value: object) -> ValueError:
    shown = ascii(value)
    shown = shown if len(shown) <= 40 else f"{shown[:39]}…"
    return ValueError(translate("session", "{0} stands where something else should").format(shown))
