"""What is compared: the answer that was pinned, and which of the two is on screen, or what lies between them."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from model.bert import Bert
    from model.trace import Trace


class Shown(IntEnum):
    """What the tabs show while an answer is pinned."""

    NOW = 0
    PINNED = 1
    DIFFERENCE = 2  # the present answer less the pinned one


class Answer(NamedTuple):
    """A trace, and the model that gave it: they stay together whatever model is opened."""

    bert: Bert
    trace: Trace
