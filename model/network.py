"""The network of a BERT, in the order of the paper (Devlin et al. 2019; Vaswani et al. 2017).

Attribute names are Hugging Face's, so the keys of ``state_dict()`` are the keys of a checkpoint.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.config import BertConfig

# B batch, T tokens, D hidden size, L layers, H heads, K size of a head, V vocabulary

_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": F.gelu,
    "gelu_new": lambda x: F.gelu(x, approximate="tanh"),
    "gelu_pytorch_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "relu": F.relu,
    "silu": F.silu,
}


@dataclass(frozen=True)
class Record:
    """Where one forward pass of a single input (B = 1) leaves what it computes; allocated once, filled by layer."""

    hidden: Tensor  # (L+1, T, D)
    query: Tensor  # (L, H, T, K)
    key: Tensor  # (L, H, T, K)
    value: Tensor  # (L, H, T, K)
    attention: Tensor  # (L, H, T, T)

    @classmethod
    def allocate(cls, config: BertConfig, tokens: int) -> Record:
        layers, heads, size = config.num_hidden_layers, config.num_attention_heads, config.head_size
        return cls(
            hidden=torch.empty(layers + 1, tokens, config.hidden_size),
            query=torch.empty(layers, heads, tokens, size),
            key=torch.empty(layers, heads, tokens, size),
            value=torch.empty(layers, heads, tokens, size),
            attention=torch.empty(layers, heads, tokens, tokens),
        )


class Embeddings(nn.Module):
    """Token + segment + position, then LayerNorm (C7, C9, C10)."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(config.vocab_size, config.hidden_size)
        self.position_embeddings = nn.Embedding(config.max_position_embeddings, config.hidden_size)
        self.token_type_embeddings = nn.Embedding(config.type_vocab_size, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def addends(self, input_ids: Tensor, segments: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The token (B, T, D), segment (B, T, D) and position (T, D) embeddings."""
        position = self.position_embeddings.weight[: input_ids.shape[1]]
        return self.word_embeddings(input_ids), self.token_type_embeddings(segments), position

    def forward(self, input_ids: Tensor, segments: Tensor) -> Tensor:
        token, segment, position = self.addends(input_ids, segments)
        return self.dropout(self.LayerNorm(token + segment + position))  # (B, T, D)


class SelfAttention(nn.Module):
    """Every position looks at every other, in H heads of K dimensions (C12)."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.heads = config.num_attention_heads
        self.query = nn.Linear(config.hidden_size, config.hidden_size)
        self.key = nn.Linear(config.hidden_size, config.hidden_size)
        self.value = nn.Linear(config.hidden_size, config.hidden_size)
        self.dropout = config.attention_probs_dropout_prob

    def forward(
        self, hidden: Tensor, bias: Tensor | None, heads_on: Tensor | None, record: Record | None, layer: int
    ) -> Tensor:
        """The heads' weighted values, joined: (B, T, D).

        ``bias`` (broadcast to B, H, T, T) is added to the scores: -inf where a position may not be seen.
        ``heads_on`` (H, 1, 1) or (B, H, 1, 1) holds 0 for a head that is off. With a ``record`` the attention is
        computed into it, otherwise by torch's fused kernel; both give the same numbers.
        """
        query, key, value = (self._split(project(hidden)) for project in (self.query, self.key, self.value))
        if record is None:
            dropout = self.dropout if self.training else 0.0
            context = F.scaled_dot_product_attention(query, key, value, attn_mask=bias, dropout_p=dropout)
        else:
            record.query[layer], record.key[layer], record.value[layer] = query[0], key[0], value[0]
            context = _recorded_attention(record, layer, bias)[None]
        if heads_on is not None:
            context = context * heads_on
        return context.transpose(1, 2).flatten(2)  # (B, T, D)

    def _split(self, projected: Tensor) -> Tensor:
        return projected.view(*projected.shape[:2], self.heads, -1).transpose(1, 2)  # (B, H, T, K)


def _recorded_attention(record: Record, layer: int, bias: Tensor | None) -> Tensor:
    """softmax(q·k / √K + bias) · v for one layer, (H, T, K), the softmax left in ``record.attention``."""
    query, key, value = record.query[layer], record.key[layer], record.value[layer]
    attention = record.attention[layer]
    torch.bmm(query / math.sqrt(query.shape[-1]), key.mT, out=attention)
    if bias is not None:
        attention += bias[0] if bias.dim() == 4 else bias
    torch.softmax(attention, dim=-1, out=attention)
    return torch.bmm(attention, value)


class AddAndNorm(nn.Module):
    """A projection, added to what went in, then LayerNorm: the end of both halves of a layer."""

    def __init__(self, config: BertConfig, input_size: int) -> None:
        super().__init__()
        self.dense = nn.Linear(input_size, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(self, inner: Tensor, residual: Tensor) -> Tensor:
        return self.LayerNorm(self.dropout(self.dense(inner)) + residual)


class Attention(nn.Module):
    """Self-attention with its output projection."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.self = SelfAttention(config)
        self.output = AddAndNorm(config, config.hidden_size)


class FeedForward(nn.Module):
    """The first half of the feed-forward network: D up to the intermediate size, then the activation (C17)."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.intermediate_size)
        self.activation = _ACTIVATIONS[config.hidden_act]

    def forward(self, hidden: Tensor) -> Tensor:
        return self.activation(self.dense(hidden))


class Layer(nn.Module):
    """Attention and feed-forward, each with its residual."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.attention = Attention(config)
        self.intermediate = FeedForward(config)
        self.output = AddAndNorm(config, config.intermediate_size)

    def forward(
        self, hidden: Tensor, bias: Tensor | None, heads_on: Tensor | None, record: Record | None, layer: int
    ) -> Tensor:
        context = self.attention.self(hidden, bias, heads_on, record, layer)
        attended = self.attention.output(context, hidden)
        return self.output(self.intermediate(attended), attended)  # (B, T, D)


@dataclass(frozen=True)
class Switches:
    """What takes part in a pass: heads and layers that are off. Layers and heads count from 0.

    ``in_turn`` has a head for each input of a batch, which is off in that one, too.
    """

    heads_off: frozenset[tuple[int, int]] = frozenset()
    layers_off: frozenset[int] = frozenset()
    in_turn: tuple[tuple[int, int], ...] = ()

    def heads_on(self, layer: int, heads: int) -> Tensor | None:
        """(H, 1, 1), or (B, H, 1, 1) where they differ, with 0 for each head that is off; None where all are on."""
        off = [head for place, head in self.heads_off if place == layer]
        rows = [row for row, (place, _) in enumerate(self.in_turn) if place == layer]
        if not off and not rows:
            return None
        gate = torch.ones(heads, 1, 1)
        gate[off] = 0.0
        if rows:
            gate = gate.repeat(len(self.in_turn), 1, 1, 1)
            gate[rows, [self.in_turn[row][1] for row in rows]] = 0.0
        return gate


ALL_ON = Switches()


class Encoder(nn.Module):
    """The stack: the output of one layer is the input of the next (C6)."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.heads = config.num_attention_heads
        self.layer = nn.ModuleList(Layer(config) for _ in range(config.num_hidden_layers))

    def forward(
        self,
        hidden: Tensor,
        bias: Tensor | None,
        switches: Switches = ALL_ON,
        record: Record | None = None,
        first: int = 0,
    ) -> Tensor:
        """The last hidden states (B, T, D) from those that the ``first`` layer reads."""
        for number, layer in enumerate(self.layer[first:], first):
            if record is not None:
                record.hidden[number] = hidden[0]
            output = layer(hidden, bias, switches.heads_on(number, self.heads), record, number)
            hidden = hidden if number in switches.layers_off else output
        if record is not None:
            record.hidden[-1] = hidden[0]
        return hidden  # (B, T, D)


class Pooler(nn.Module):
    """tanh of a projection of [CLS]: what NSP reads (C16)."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, hidden: Tensor) -> Tensor:
        return torch.tanh(self.dense(hidden[:, 0]))  # (B, D)


class Trunk(nn.Module):
    """Embeddings, encoder and, where the checkpoint has one, the pooler: Hugging Face's ``BertModel``."""

    def __init__(self, config: BertConfig, pooler: bool) -> None:
        super().__init__()
        self.embeddings = Embeddings(config)
        self.encoder = Encoder(config)
        self.pooler = Pooler(config) if pooler else None


class Transform(nn.Module):
    """The MLM head's own layer before the vocabulary (C16)."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.activation = _ACTIVATIONS[config.hidden_act]
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, hidden: Tensor) -> Tensor:
        return self.LayerNorm(self.activation(self.dense(hidden)))


class MaskedLMHead(nn.Module):
    """Transform, then one score for every entry of the vocabulary (C13)."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.transform = Transform(config)
        self.decoder = nn.Linear(config.hidden_size, config.vocab_size)

    def forward(self, hidden: Tensor) -> Tensor:
        return self.decoder(self.transform(hidden))  # (…, D) -> (…, V)


class Heads(nn.Module):
    """Hugging Face's ``cls``: the two pre-training heads, each of which a checkpoint may lack."""

    def __init__(self, config: BertConfig, mlm: bool, nsp: bool) -> None:
        super().__init__()
        self.predictions = MaskedLMHead(config) if mlm else None
        self.seq_relationship = nn.Linear(config.hidden_size, 2) if nsp else None


class BertNetwork(nn.Module):
    """A BERT with the heads it has. Fresh weights are drawn as in the paper: normal, 0.02; biases 0.

    ``state_dict()`` keys are Hugging Face's, the decoder's bias under ``cls.predictions.decoder.bias``.
    """

    def __init__(self, config: BertConfig, *, pooler: bool = True, mlm: bool = True, nsp: bool = True) -> None:
        super().__init__()
        if nsp and not pooler:
            raise ValueError("The NSP head reads the pooler, so it cannot be there without one.")
        self.config = config
        self.bert = Trunk(config, pooler)
        self.cls = Heads(config, mlm, nsp)
        if mlm and config.tie_word_embeddings:
            assert self.cls.predictions is not None
            self.cls.predictions.decoder.weight = self.bert.embeddings.word_embeddings.weight
        self.apply(self._draw)
        nn.init.zeros_(self.bert.embeddings.word_embeddings.weight[config.pad_token_id])

    def forward(self, input_ids: Tensor, segments: Tensor, mask: Tensor | None = None) -> Tensor:
        """The last hidden states (B, T, D) of a batch. ``mask`` (B, T) is True where a token stands, False at [PAD]."""
        bias = attention_bias(mask, input_ids.shape[1], left_to_right=self.config.is_decoder, device=input_ids.device)
        return self.bert.encoder(self.bert.embeddings(input_ids, segments), bias)

    def _draw(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=self.config.initializer_range)
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.bias)


def attention_bias(
    mask: Tensor | None, tokens: int, *, left_to_right: bool, device: torch.device | None = None
) -> Tensor | None:
    """What is added to the scores, -inf where a position may not be seen; None where all may.

    (1 or B, 1, 1 or T, T), from ``mask`` (B, T), True where a token stands.
    """
    bias = None
    if mask is not None:
        bias = torch.zeros(mask.shape, device=device).masked_fill(~mask, -math.inf)[:, None, None, :]  # (B, 1, 1, T)
    if left_to_right:
        later = torch.full((tokens, tokens), -math.inf, device=device).triu(1)[None, None]  # (1, 1, T, T)
        bias = later if bias is None else bias + later
    return bias
