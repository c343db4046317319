"""What a network is trained to make small: the masked-LM or next-token loss, and the next-sentence loss (C13–C15)."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional as F

from model.network import BertNetwork

# B batch, T tokens, D hidden size, M chosen positions of a batch, V vocabulary


class Losses(NamedTuple):
    """One batch's losses in nats and what the network would have said."""

    mlm: Tensor  # (M,) -log of the probability of what stood there
    guesses: Tensor  # (M,) the most probable entry of the vocabulary
    nsp: Tensor | None  # (B,) -log of the probability of the right label
    next_guesses: Tensor | None  # (B,) 0 IsNext, 1 NotNext


class PretrainingLoss(nn.Module):
    """A network with its losses as one module, so that a distributed run wraps both."""

    def __init__(self, network: BertNetwork) -> None:
        super().__init__()
        self.network = network

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
        if next_labels is None:
            return Losses(mlm, guesses, None, None)
        assert pooler is not None
        assert verdict is not None
        scores = verdict(pooler(hidden)).float()  # (B, 2)
        nsp = F.cross_entropy(scores, next_labels, reduction="none")
        return Losses(mlm, guesses, nsp, scores.detach().argmax(-1))
