"""A BERT that can be asked: network, tokenizer and name."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

from model.config import BertConfig
from model.network import BertNetwork
from model.wordpiece import WordPiece


@dataclass
class Bert:
    """A network with its tokenizer. Immutable by convention: nothing here changes a weight."""

    name: str
    network: BertNetwork
    tokenizer: WordPiece
    origin: Path | None = None  # the directory it was read from
    task_heads: dict[str, torch.Tensor] = field(default_factory=dict)  # weights this package does not use, kept to be saved again
    notes: tuple[str, ...] = ()  # what the checkpoint lacked, a sentence each

    @property
    def config(self) -> BertConfig: ...
