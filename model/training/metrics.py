"""What is counted while a network learns, and how it becomes a line of metrics."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from model.training.distributed import World
from model.training.losses import Losses
from model.training.masking import KEPT, MASKED, REPLACED, Batch
from model.wordpiece import WordPiece

_KINDS = {MASKED: "masked", REPLACED: "replaced", KEPT: "kept"}
_SHOWN_ROWS = 8  # of the latest batch

# What is added up, in float64: the sum of a long interval must not lose what a float32 would.
_SUMS = (
    *("mlm_loss", "chosen", "hits", "masked", "masked_hits", "nsp_loss", "nsp_hits", "pairs", "tokens"),
    *("same_word_loss", "guided"),
)


class Sums:
    """Sums over the batches since the last line. Nothing here waits for a GPU until ``line`` does."""

    def __init__(self, device: torch.device) -> None:
        self._sums = torch.zeros(len(_SUMS), dtype=torch.double, device=device)
        self._seconds = self._waited = 0.0
        self._measured: dict[str, Any] = {}

    def add(self, batch: Batch, losses: Losses, labels: Tensor, next_labels: Tensor | None) -> None:
        """Adds one batch."""
        device = self._sums.device
        hits = losses.guesses.eq(labels)
        masked = torch.from_numpy(batch.kinds == MASKED).to(device, non_blocking=True)
        counts = torch.tensor([len(batch.chosen), int((batch.kinds == MASKED).sum()), int(batch.lengths.sum())])
        nothing = torch.zeros((), device=device)
        nsp_loss, nsp_hits, pairs = nothing, nothing, 0
        if losses.nsp is not None and losses.next_guesses is not None and next_labels is not None:
            nsp_loss, pairs = losses.nsp.detach().sum(), len(batch.lengths)
            nsp_hits = losses.next_guesses.eq(next_labels).sum()
        values = [losses.mlm.detach().sum(), counts[0], hits.sum(), counts[1], (hits & masked).sum()]
        values += [nsp_loss, nsp_hits, torch.tensor(pairs), counts[2]]
        guided = losses.same_word
        values += [nothing, nothing] if guided is None else [guided.detach().sum(), torch.tensor(len(guided))]
        self._sums += torch.stack([value.to(device, torch.double, non_blocking=True) for value in values])

    def add_times(self, seconds: float, waited: float) -> None:
        """Adds what a step took, and what of that was spent waiting for its data."""
        self._seconds += seconds
        self._waited += waited

    def measured(self, rate: float, norm: Tensor, gradients: dict[str, Tensor], updates: dict[str, Tensor]) -> None:
        """Keeps what was measured of one step, for the next line."""
        self._measured = {
            "learning_rate": rate,
            "grad_norm": norm,
            "grad_norm_by_layer": gradients,
            "update_by_layer": updates,
        }

    def line(self, world: World) -> dict[str, Any]:
        """Means over all processes since the last line, which begin anew.

        Losses in nats, None for what the objective does not have; ``loss`` is that of masked tokens and pairs, and
        ``same_word_loss`` stands there where a head is guided. ``update_by_layer`` is the norm of the change over
        the norm of the weights; ``interval_tokens`` are the tokens read.
        """
        # Over the CPU: the other processes' numbers come through gloo there.
        sums = dict(zip(_SUMS, world.sum(self._sums.cpu()).tolist(), strict=True))
        line: dict[str, Any] = {
            "mlm_loss": _ratio(sums["mlm_loss"], sums["chosen"]),
            "nsp_loss": _ratio(sums["nsp_loss"], sums["pairs"]),
            "mlm_accuracy": _ratio(sums["hits"], sums["chosen"]),
            "mask_accuracy": _ratio(sums["masked_hits"], sums["masked"]),
            "nsp_accuracy": _ratio(sums["nsp_hits"], sums["pairs"]),
            "interval_tokens": int(sums["tokens"]),
        }
        line = {"loss": (line["mlm_loss"] or 0.0) + (line["nsp_loss"] or 0.0), **line}
        if sums["guided"]:
            line["same_word_loss"] = sums["same_word_loss"] / sums["guided"]
        if self._seconds:
            line |= _numbers(self._measured)
            line |= {"tokens_per_second": sums["tokens"] / self._seconds, "data_seconds": self._waited}
        self._sums.zero_()
        self._seconds = self._waited = 0.0
        return line

    def state(self, world: World) -> dict[str, Any]:
        """What a state keeps, of all processes, so that the line after a resume is what it would have been."""
        return {"sums": world.sum(self._sums.to("cpu", copy=True)), "seconds": self._seconds, "waited": self._waited}

    def restore(self, state: dict[str, Any]) -> None:
        self._sums[: len(state["sums"])] = state["sums"]  # an older state has fewer
        self._seconds, self._waited = state["seconds"], state["waited"]


def _ratio(total: float, count: float) -> float | None:
    return total / count if count else None


def _numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _numbers(entry) for key, entry in value.items()}
    return float(value)


def shown(batch: Batch, losses: Losses, tokenizer: WordPiece) -> dict[str, Any]:
    """The first rows of a batch for people to look at: pieces, what was chosen, its loss and the network's guess."""
    rows, T = min(_SHOWN_ROWS, len(batch.lengths)), batch.input_ids.shape[1]
    count = int(np.searchsorted(batch.chosen, rows * T))
    loss = losses.mlm[:count].detach().float().cpu().tolist()
    guesses = losses.guesses[:count].cpu().tolist()
    listed: list[dict[str, Any]] = []
    for row in range(rows):
        length = int(batch.lengths[row])
        entry: dict[str, Any] = {
            "pieces": [tokenizer.tokens[number] for number in batch.input_ids[row, :length]],
            "segments": batch.segments[row, :length].tolist(),
            "chosen": [],
        }
        if batch.next_labels is not None and losses.nsp is not None:
            entry |= {"next_label": int(batch.next_labels[row]), "nsp_loss": float(losses.nsp[row].detach())}
        listed.append(entry)
    for place, label, kind, nats, guess in zip(
        batch.chosen[:count], batch.labels, batch.kinds, loss, guesses, strict=False
    ):
        row, position = divmod(int(place), T)
        chosen = {"position": position, "kind": _KINDS[int(kind)], "label": tokenizer.tokens[label]}
        listed[row]["chosen"].append(chosen | {"loss": nats, "guess": tokenizer.tokens[guess]})
    return {"rows": listed}
