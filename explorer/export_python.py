"""The Python that makes an array anew, outside of the window."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from model.scenario import Scenario

if TYPE_CHECKING:
    from explorer.comparison import Answer
    from model.bert import Bert


def script(bert: Bert | None, scenario: Scenario | None, lines: str) -> str:
    """A program that asks the same model the same question and then runs ``lines``, which make ``values``.

    What ``lines`` do not speak of, the model or its answer, is left out. On the thread that asks ``bert``: its
    products are summed by as many threads here as there, or else their last digits would differ.
    """
    imports, asking = ["import model  # of BERT Explorer: installed, or run in its folder", ""], []
    if bert is not None and _speak_of("bert|trace|model.load", lines):
        import torch

        threads = torch.get_num_threads()
        imports = ["import torch", "", *imports]
        asking = [
            f"torch.set_num_threads({threads})  # as in the window: the same numbers to the last digit",
            f"bert = model.load({str(bert.origin)!r})",
        ]
        if scenario is not None and _speak_of("trace", lines):
            asking.append(f"trace = bert.trace({question(scenario)})")
    if _speak_of("np", lines):
        imports = ["import numpy as np", *([] if asking else [""]), *imports]
    return "\n".join([*imports, *asking, lines]) + "\n"


def before(pinned: Answer) -> str:
    """The lines that ask for the pinned answer as ``pinned``, of ``pinned_bert``, and match its tokens."""
    return (
        f"pinned_bert = model.load({str(pinned.bert.origin)!r})\n"
        f"pinned = pinned_bert.trace({question(pinned.trace.scenario)})\n"
        "matching = model.lens.difference.match(trace.inputs, pinned.inputs)\n"
    )


def question(scenario: Scenario) -> str:
    """The expression that gives ``scenario``."""
    texts = (scenario.first, scenario.second) if scenario.second else (scenario.first,)
    edits = [
        (edit.kind, (edit.position,) if edit.piece is None else (edit.position, edit.piece)) for edit in scenario.edits
    ]
    calls: list[tuple[str, tuple[object, ...]]] = [
        *edits,
        *(("flip", (position,)) for position in sorted(scenario.flips)),
        *(("toggle_head", head) for head in sorted(scenario.heads_off)),
        *(("toggle_layer", (layer,)) for layer in sorted(scenario.layers_off)),
        *([] if scenario.direction is None else [("attend", (scenario.direction,))]),
    ]
    return "model.Scenario" + _arguments(texts) + "".join(f".{name}{_arguments(values)}" for name, values in calls)


def _speak_of(names: str, lines: str) -> bool:
    return re.search(rf"\b({names})\b", lines) is not None


def _arguments(values: tuple[object, ...]) -> str:
    return f"({', '.join(map(repr, values))})"
