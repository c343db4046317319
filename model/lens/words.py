"""Attention between whole words, and without [CLS] and [SEP]: what a map shows where single pieces are too much.

A word is looked at with what its pieces get together, and looks as its pieces do on average: Clark et al. 2019, "What
Does BERT Look At?", section 4.1. So rows still sum to 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.trace import Floats, Trace


@dataclass(frozen=True)
class Unit:
    """A row or a column of a map: one token, or the pieces of one word."""

    text: str
    positions: tuple[int, ...]
    special: bool  # [CLS] or [SEP]


def units(trace: Trace, *, whole_words: bool, special: bool) -> tuple[Unit, ...]:
    """What stands along a map of ``trace``: its tokens, or ``whole_words``, with the ``special`` tokens or without.

    A word is written as the network reads it: an edited piece is [MASK] or what replaced it.
    """
    found: list[list[int]] = []
    former: tuple[int, int] | None = None
    for position, (text, word) in enumerate(zip(trace.inputs.texts, trace.inputs.words, strict=True)):
        if text is None and not special:
            former = None
            continue
        of_word = None if text is None or word is None else (text, word)
        if whole_words and of_word is not None and of_word == former:
            found[-1].append(position)
        else:
            found.append([position])
        former = of_word
    return tuple(_unit(trace, places) for places in found)


def merged(weights: Floats, along: tuple[Unit, ...]) -> Floats:
    """(N, N) the ``weights`` (T, T) between N units: columns summed, rows averaged; what no unit holds is left out."""
    if len(along) == len(weights):
        return weights
    gathered = np.zeros((len(along), len(weights)), dtype=np.float32)
    for row, unit in enumerate(along):
        gathered[row, list(unit.positions)] = 1
    counts = gathered.sum(axis=1, keepdims=True)
    return (gathered / counts) @ weights @ gathered.T


def _unit(trace: Trace, positions: list[int]) -> Unit:
    first, *others = (trace.tokens[position] for position in positions)
    text = first + "".join(piece.removeprefix("##") for piece in others)
    return Unit(text, tuple(positions), trace.inputs.texts[positions[0]] is None)
