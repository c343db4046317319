"""A model that answers at once, or when it is told to: a test must not depend on how long a BERT takes."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from model.scenario import Scenario


class FakeBert:
    """Splits at spaces and says nothing else. While ``gate`` is closed, an answer waits."""

    def __init__(self, name: str = "fake", *, vocabulary: tuple[str, ...] = ("a", "b"), layers: int = 2) -> None:
        self.name = name
        self.origin = Path("/models") / name
        self.tokenizer = SimpleNamespace(tokens=vocabulary)
        self.layers = layers
        self.direction = "both"
        self.notes: tuple[str, ...] = ()
        self.asked: list[Scenario] = []
        self.gate = threading.Event()
        self.gate.set()

    def rewrite(self, scenario: Scenario, first: str, second: str) -> tuple[Any, int]:
        asked = dataclasses.replace(scenario, first=first, second=second)
        self.asked.append(asked)
        assert self.gate.wait(5), "the gate stayed closed"
        if not first:
            raise ValueError("Sentence A is empty: type something there.")
        tokens = ("[CLS]", *first.split(), "[SEP]")
        if any(edit.position >= len(tokens) for edit in scenario.edits):
            raise ValueError("Position is not there.")
        shape = (self.layers, 2, len(tokens), len(tokens))
        texts = (None, *[0] * (len(tokens) - 2), None)
        rows = SimpleNamespace(originals=tokens, texts=texts)
        attention = np.zeros(shape, np.float32)
        return SimpleNamespace(scenario=asked, tokens=tokens, inputs=rows, attention=attention), 0

    def swapped(self, scenario: Scenario) -> Scenario:
        return scenario.swapped()

    def adopt(self, scenario: Scenario, former: FakeBert) -> Scenario:
        if former.tokenizer.tokens != self.tokenizer.tokens:
            return dataclasses.replace(scenario, edits=())
        return scenario
