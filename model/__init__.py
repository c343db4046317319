"""BERT Explorer's model core: ask a BERT a question (``Scenario``), get every number of its answer (``Trace``).

Importing this package loads neither torch nor Qt; torch comes with the first model that is opened.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from model import lens
    from model.bert import Bert
    from model.checkpoint import load, save
    from model.config import BertConfig
    from model.scenario import Scenario
    from model.trace import Trace

__all__ = ["Bert", "BertConfig", "Scenario", "Trace", "lens", "load", "save"]

_HOME = {
    "Bert": "model.bert",
    "BertConfig": "model.config",
    "Scenario": "model.scenario",
    "Trace": "model.trace",
    "load": "model.checkpoint",
    "save": "model.checkpoint",
}


def __getattr__(name: str) -> Any:
    if name == "lens":
        return importlib.import_module("model.lens")
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'model' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
