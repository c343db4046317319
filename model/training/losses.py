"""What a network is trained to make small: the masked-LM or next-token loss, and the next-sentence loss (C13–C15)."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.network import BertNetwork, Layer

# B batch, T tokens, D hidden size, K size of a head, M chosen positions of a batch, V vocabulary


class Losses(NamedTuple):
    """One batch's losses in nats and what the network would have said."""

    mlm: Tensor  # (M,) -log of the probability of what stood there
    guesses: Tensor  # (M,) the most probable entry of the vocabulary
    nsp: Tensor | None  # (B,) -log of the probability of the right label
    next_guesses: Tensor | None  # (B,) 0 IsNext, 1 NotNext
    same_word: Tensor | None = None  # (B,) -log of what the guided head gives to the same token elsewhere


class PretrainingLoss(nn.Module):
    """A network with its losses as one module, so that a distributed run wraps both.

    With ``same_word`` the last head of the first layer has a loss of its own.
    """

    def __init__(self, network: BertNetwork, *, same_word: bool = False) -> None:
        super().__init__()
        self.network, self._guided = network, same_word

    def forward(
        self,
        input_ids: Tensor,  # (B, T)
        segments: Tensor,  # (B, T)
        mask: Tensor | None,  # (B, T), None where no row has [PAD]
        chosen: Tensor,  # (M,) b * T + t
        labels: Tensor,  # (M,)
        next_labels: Tensor | None,  # (B,)
    ) -> Losses:
        hidden = self.network(input_ids, segments, mask)  # (B, T, D)
        head, pooler, verdict = (
            self.network.cls.predictions,
            self.network.bert.pooler,
            self.network.cls.seq_relationship,
        )
        assert head is not None
        # Only the chosen positions pass the head: of the others no loss is asked, and V is the largest size of all.
        logits = head(hidden.flatten(0, 1).index_select(0, chosen)).float()  # (M, V)
        mlm = F.cross_entropy(logits, labels, reduction="none")
        guesses = logits.detach().argmax(-1)
        same_word = self._same_word(input_ids, segments, mask, chosen) if self._guided else None
        if next_labels is None:
            return Losses(mlm, guesses, None, None, same_word)
        assert pooler is not None
        assert verdict is not None
        scores = verdict(pooler(hidden)).float()  # (B, 2)
        nsp = F.cross_entropy(scores, next_labels, reduction="none")
        return Losses(mlm, guesses, nsp, scores.detach().argmax(-1), same_word)

    def _same_word(self, input_ids: Tensor, segments: Tensor, mask: Tensor | None, chosen: Tensor) -> Tensor:
        """(B,) how far the guided head is from looking at the same token elsewhere, in nats.

        The mean over an input's rows that could, 0 where none can. Rows that were chosen are left out: a [MASK] gains
        nothing by another. The head's query and key learn from it, the embeddings do not. After Deshpande & Narasimhan
        2020, who guide heads to neighbours, [SEP] and the like.
        """
        layer, K = self.network.bert.encoder.layer[0], self.network.config.head_size
        assert isinstance(layer, Layer)
        attention = layer.attention.self
        with torch.no_grad():
            hidden = self.network.bert.embeddings(input_ids, segments)
        query = F.linear(hidden, attention.query.weight[-K:], attention.query.bias[-K:])  # (B, T, K)
        key = F.linear(hidden, attention.key.weight[-K:], attention.key.bias[-K:])
        scores = (query @ key.mT).float() / math.sqrt(K)  # (B, T, T)
        same = input_ids[:, :, None] == input_ids[:, None, :]
        same &= ~torch.eye(same.shape[-1], dtype=torch.bool, device=same.device)
        if mask is not None:
            scores = scores.masked_fill(~mask[:, None, :], -math.inf)
            same &= mask[:, None, :] & mask[:, :, None]
        rows = same.any(-1)  # (B, T)
        rows.view(-1)[chosen] = False
        there = scores.masked_fill(~same & rows[:, :, None], -math.inf)  # of rows that do not count everything: 0 nats
        return (scores.logsumexp(-1) - there.logsumexp(-1)).sum(-1) / rows.sum(-1).clamp(min=1)
