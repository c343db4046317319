"""The shape of a BERT: the fields of a Hugging Face ``config.json``, validated where they are built."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ACTIVATIONS = ("gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "silu")

_COUNTS = (
    "vocab_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "max_position_embeddings",
    "type_vocab_size",
)
_RATES = ("hidden_dropout_prob", "attention_probs_dropout_prob")


@dataclass(frozen=True)
class BertConfig:
    """One BERT's sizes and constants. The names are those of ``config.json``; the defaults are BERT-base's.

    Raises ``ValueError`` with one sentence where a value cannot be a BERT's.
    Source: Devlin et al. 2019, section 3; C6 and C12 of the chapter.
    """

    vocab_size: int = 30_522  # V: entries of the vocabulary
    hidden_size: int = 768  # D: numbers per token between the layers
    num_hidden_layers: int = 12  # L
    num_attention_heads: int = 12  # H: each works on K = D / H numbers
    intermediate_size: int = 3_072  # width of the feed-forward network inside a layer
    hidden_act: str = "gelu"  # "gelu" is the exact one, with erf
    hidden_dropout_prob: float = 0.1
    attention_probs_dropout_prob: float = 0.1
    max_position_embeddings: int = 512  # the longest input
    type_vocab_size: int = 2  # segments: A and B
    initializer_range: float = 0.02  # standard deviation of fresh weights
    layer_norm_eps: float = 1e-12
    pad_token_id: int = 0
    is_decoder: bool = False  # trained left to right: logits at i speak of i + 1
    tie_word_embeddings: bool = True  # the MLM decoder is the token embedding

    def __post_init__(self) -> None:
        for name in _COUNTS:
            _require_count(name, getattr(self, name))
        for name in _RATES:
            if not 0.0 <= _number(name, getattr(self, name)) < 1.0:
                raise ValueError(f"{name} must be at least 0 and below 1, not {getattr(self, name)!r}.")
        for name in ("initializer_range", "layer_norm_eps"):
            if not 0.0 < _number(name, getattr(self, name)) < math.inf:
                raise ValueError(f"{name} must be positive, not {getattr(self, name)!r}.")
        for name in ("is_decoder", "tie_word_embeddings"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name} must be true or false, not {getattr(self, name)!r}.")
        if self.hidden_size % self.num_attention_heads:
            raise ValueError(
                f"hidden_size {self.hidden_size} cannot be split evenly over {self.num_attention_heads} heads."
            )
        if self.hidden_act not in ACTIVATIONS:
            raise ValueError(f"hidden_act {self.hidden_act!r} is not known; known are {', '.join(ACTIVATIONS)}.")
        if isinstance(self.pad_token_id, bool) or not isinstance(self.pad_token_id, int):
            raise ValueError(f"pad_token_id must be an integer, not {self.pad_token_id!r}.")
        if not 0 <= self.pad_token_id < self.vocab_size:
            raise ValueError(
                f"pad_token_id {self.pad_token_id} lies outside the vocabulary of {self.vocab_size} entries."
            )

    @property
    def head_size(self) -> int:
        """K, the numbers per token that one head works on."""
        return self.hidden_size // self.num_attention_heads

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> BertConfig:
        """The configuration that a ``config.json`` object describes; fields it does not know are left aside.

        Raises ``ValueError`` for a model that is not a BERT, or a BERT of a kind this package does not compute.
        """
        model_type = fields.get("model_type") or "bert"
        if model_type != "bert":
            raise ValueError(f"This is a {model_type!r} model; BERT Explorer opens models of model_type 'bert'.")
        if (fields.get("position_embedding_type") or "absolute") != "absolute":
            raise ValueError(
                f"position_embedding_type {fields['position_embedding_type']!r} is not supported; BERT's is 'absolute'."
            )
        if fields.get("add_cross_attention"):
            raise ValueError("This BERT has cross-attention to an encoder, which BERT Explorer does not compute.")
        known = {field.name for field in dataclasses.fields(cls)}
        # A null in the file means "the default", as in Hugging Face's own reader.
        return cls(**{name: value for name, value in fields.items() if name in known and value is not None})

    @classmethod
    def read(cls, path: Path) -> BertConfig:
        """The configuration in the file ``path``; ``ValueError`` where it is no JSON object or no BERT's."""
        return cls.from_fields(read_json_object(path))

    def to_fields(self) -> dict[str, Any]:
        """The fields as they stand in ``config.json``, ``model_type`` included."""
        return {"model_type": "bert", **dataclasses.asdict(self)}


def read_json_object(path: Path) -> dict[str, Any]:
    """The JSON object in the file ``path``. ``ValueError`` names the file where there is none."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path.name} is not valid JSON: {error}.") from error
    if not isinstance(value, dict):
        raise ValueError(f"{path.name} holds no JSON object.")
    return value


def _require_count(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} must be a whole number of at least 1, not {value!r}.")


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} must be a number, not {value!r}.")
    return float(value)
