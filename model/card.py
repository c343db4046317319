"""What a BERT consists of: its parts in the order in which data flows, with their sizes and weights (C6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from model.bert import Bert

PartName = Literal[
    "token", "segment", "position", "embedding norm", "attention", "feed-forward", "pooler", "nsp", "mlm", "decoder"
]

# Where the weights of a part lie in the network, by the beginnings of their names.
_PLACES: dict[PartName, tuple[str, ...]] = {
    "token": ("bert.embeddings.word_embeddings.",),
    "segment": ("bert.embeddings.token_type_embeddings.",),
    "position": ("bert.embeddings.position_embeddings.",),
    "embedding norm": ("bert.embeddings.LayerNorm.",),
    "attention": ("bert.encoder.layer.0.attention.",),
    "feed-forward": ("bert.encoder.layer.0.intermediate.", "bert.encoder.layer.0.output."),
    "pooler": ("bert.pooler.",),
    "nsp": ("cls.seq_relationship.",),
    "mlm": ("cls.predictions.transform.",),
    "decoder": ("cls.predictions.decoder.",),
}


@dataclass(frozen=True)
class Part:
    """One part; ``attention`` and ``feed-forward`` are those of each of the L layers."""

    name: PartName
    sizes: tuple[int, ...]  # how many numbers go in, through and out: (V, D) of a table, (D, I, D) of a feed-forward
    parameters: int  # of one of them
    count: int = 1  # how many there are, alike: L of what is in every layer


def parts(bert: Bert) -> tuple[Part, ...]:
    """Every part that ``bert`` has; they add up to ``bert.parameters``, since a tied decoder counts its bias only."""
    config = bert.config
    size, layers = config.hidden_size, config.num_hidden_layers
    sizes: dict[PartName, tuple[int, ...]] = {
        "token": (config.vocab_size, size),
        "segment": (config.type_vocab_size, size),
        "position": (config.max_position_embeddings, size),
        "embedding norm": (size,),
        "attention": (size, size),
        "feed-forward": (size, config.intermediate_size, size),
        "pooler": (size, size),
        "nsp": (size, 2),
        "mlm": (size, size),
        "decoder": (size, config.vocab_size),
    }
    weights = {name: parameter.numel() for name, parameter in bert.network.named_parameters()}
    found = []
    for name, places in _PLACES.items():
        count = sum(number for weight, number in weights.items() if weight.startswith(places))
        if count:
            found.append(Part(name, sizes[name], count, layers if name in ("attention", "feed-forward") else 1))
    return tuple(found)
