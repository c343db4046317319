"""The Python that makes an array anew, outside of the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model.scenario import Scenario

if TYPE_CHECKING:
    from model.bert import Bert


def script(bert: Bert, scenario: Scenario, lines: str) -> str:
    """A program that asks the same model the same question and then runs ``lines``, which make ``values``.

    On the thread that asks ``bert``: its products are summed by as many threads here as there, or else their last
    digits would differ.
    """
    import torch

    imports = ["import numpy as np"] if "np." in lines else []
    parts = (
        *imports,
        "import torch",
        "",
        "import model  # of BERT Explorer: installed, or run in its folder",
        "",
        f"torch.set_num_threads({torch.get_num_threads()})  # as in the window: the same numbers to the last digit",
        f"bert = model.load({str(bert.origin)!r})",
        f"trace = bert.trace({question(scenario)})",
        lines,
    )
    return "\n".join(parts) + "\n"


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


def _arguments(values: tuple[object, ...]) -> str:
    return f"({', '.join(map(repr, values))})"
