"""The question: two texts and what is changed about them. A value: frozen, hashable, written as JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Direction = Literal["both", "left-to-right"]
EditKind = Literal["mask", "replace", "keep"]

SCHEMA = 1


@dataclass(frozen=True, order=True)
class Edit:
    """What happens to the token at ``position`` before the network reads it.

    ``mask`` puts [MASK] there, ``replace`` puts ``piece`` there, ``keep`` chooses it for prediction unchanged:
    the 80 / 10 / 10 of the chapter's C13. All three make its original the label.
    """

    position: int
    kind: EditKind
    piece: str | None = None


@dataclass(frozen=True)
class Scenario:
    """A question to a BERT: what stands in the input, and which parts of the network take part.

    Positions count from [CLS] = 0; layers and heads count from 0. Methods that change something give back a new
    scenario. ``direction`` None is the model's own way of attending (C5): both ways for a BERT, left-to-right for
    one trained so.
    """

    first: str = ""
    second: str = ""
    edits: tuple[Edit, ...] = ()  # sorted, at most one per position
    flips: frozenset[int] = frozenset()  # positions whose segment is the other one (C9)
    heads_off: frozenset[tuple[int, int]] = frozenset()  # (layer, head)
    layers_off: frozenset[int] = frozenset()
    direction: Direction | None = None

    def mask(self, position: int) -> Scenario:
        """[MASK] stands at ``position``."""
        return self._with_edit(Edit(_position(position), "mask"))

    def replace(self, position: int, piece: str) -> Scenario:
        """``piece``, an entry of the vocabulary, stands at ``position``."""
        return self._with_edit(Edit(_position(position), "replace", piece))

    def keep(self, position: int) -> Scenario:
        """The token at ``position`` is chosen for prediction and left as it is."""
        return self._with_edit(Edit(_position(position), "keep"))

    def flip(self, position: int) -> Scenario:
        """The token at ``position`` gets the other segment; flipping twice changes nothing."""
        return dataclasses.replace(self, flips=self.flips ^ {_position(position)})

    def restore(self, position: int) -> Scenario:
        """The token at ``position`` is as the text has it again."""
        return dataclasses.replace(
            self,
            edits=tuple(edit for edit in self.edits if edit.position != position),
            flips=self.flips - {position},
        )

    def toggle_head(self, layer: int, head: int) -> Scenario:
        """The head is switched off, or on again if it was off."""
        return dataclasses.replace(self, heads_off=self.heads_off ^ {(_position(layer), _position(head))})

    def toggle_layer(self, layer: int) -> Scenario:
        """The layer passes its input on, or works again if it was off."""
        return dataclasses.replace(self, layers_off=self.layers_off ^ {_position(layer)})

    def all_on(self) -> Scenario:
        """Every head and every layer works again."""
        return dataclasses.replace(self, heads_off=frozenset(), layers_off=frozenset())

    def attend(self, direction: Direction | None) -> Scenario:
        """The same question with attention both ways, left-to-right, or (None) the model's own way."""
        return dataclasses.replace(self, direction=direction)

    def swapped(self) -> Scenario:
        """The two texts in the other order. Edits go, since their positions speak of the former order."""
        return dataclasses.replace(self, first=self.second, second=self.first, edits=(), flips=frozenset())

    def edit_at(self, position: int) -> Edit | None:
        """The edit at ``position``, or None where the text stands unchanged."""
        return next((edit for edit in self.edits if edit.position == position), None)

    @property
    def is_edited(self) -> bool:
        """Whether a token was masked, replaced, kept or flipped."""
        return bool(self.edits or self.flips)

    def moved(self, destination: Callable[[int], int | None]) -> Scenario:
        """The same question with each edit and flip at ``destination(position)``; those sent to None are gone."""
        edits = [
            dataclasses.replace(edit, position=position)
            for edit in self.edits
            if (position := destination(edit.position)) is not None
        ]
        flips = frozenset(position for flip in self.flips if (position := destination(flip)) is not None)
        return dataclasses.replace(self, edits=tuple(sorted(edits)), flips=flips)

    def to_json(self) -> str:
        """One JSON object that ``from_json`` reads back as an equal scenario."""
        fields: dict[str, Any] = {"schema": SCHEMA, **dataclasses.asdict(self)}
        fields["flips"] = sorted(self.flips)
        fields["heads_off"] = sorted(self.heads_off)
        fields["layers_off"] = sorted(self.layers_off)
        return json.dumps(fields)  # ASCII, so that even a lone surrogate survives the way to a file and back

    @classmethod
    def from_json(cls, text: str) -> Scenario:
        """The scenario that ``to_json`` wrote; ``ValueError`` for anything else. Unknown fields are ignored."""
        try:
            fields = json.loads(text)
            if fields["schema"] > SCHEMA:
                raise ValueError(f"its schema is {fields['schema']}, this version reads up to {SCHEMA}")
            return cls(
                first=_text(fields["first"]),
                second=_text(fields["second"]),
                edits=tuple(sorted(_edit(edit) for edit in fields["edits"])),
                flips=frozenset(map(_position, fields["flips"])),
                heads_off=frozenset((_position(layer), _position(head)) for layer, head in fields["heads_off"]),
                layers_off=frozenset(map(_position, fields["layers_off"])),
                direction=_direction(fields["direction"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"This is no scenario of BERT Explorer: {error}.") from error

    def _with_edit(self, new: Edit) -> Scenario:
        others = (edit for edit in self.edits if edit.position != new.position)
        return dataclasses.replace(self, edits=tuple(sorted((*others, new))))


def _position(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"Positions, layers and heads count from 0, so {value!r} is none.")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value


def _edit(fields: dict[str, Any]) -> Edit:
    kind, piece = fields["kind"], fields["piece"]
    if kind not in ("mask", "replace", "keep") or (kind == "replace") != isinstance(piece, str):
        raise ValueError(f"{fields!r} is no edit")
    return Edit(_position(fields["position"]), kind, piece)


def _direction(value: object) -> Direction | None:
    if value is None or value == "both" or value == "left-to-right":
        return value
    raise ValueError(f"direction {value!r} is neither 'both' nor 'left-to-right'")
