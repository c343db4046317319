"""Which sentence of a paragraph follows which: each as A with every other as B (C14)."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
import sentencex  # type: ignore[import-untyped]

from model import inputs
from model.inputs import Inputs
from model.lens.passes import in_passes
from model.scenario import Scenario
from model.trace import Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert

MOST = 100  # sentences: 9,900 pairs


@dataclass(frozen=True, eq=False)
class Paragraph:
    """N sentences and how likely each follows each other one."""

    sentences: tuple[str, ...]
    is_next: Floats  # (N, N) probability that the column's sentence follows the row's; NaN on the diagonal

    @property
    def successors(self) -> Floats:
        """(N-1,) the probability that the sentence behind each one follows it."""
        return self.is_next.diagonal(1)

    @property
    def called_next(self) -> int:
        """How many sentences the one behind them is said to follow."""
        return int((self.successors > 0.5).sum())

    @property
    def others_called_next(self) -> int:
        """How many of the other pairs are said to follow each other, too."""
        return int((np.nan_to_num(self.is_next) > 0.5).sum()) - self.called_next

    @property
    def found_first(self) -> int:
        """To how many sentences the one behind them is the likeliest of all to follow."""
        likeliest = np.nan_to_num(self.is_next, nan=-1.0).argmax(axis=1)
        return int((likeliest[:-1] == np.arange(1, len(likeliest))).sum())

    def order(self) -> tuple[int, ...]:
        """From the first sentence on always the likeliest of those that are left."""
        order = [0]
        left = set(range(1, len(self.sentences)))
        while left:
            row = self.is_next[order[-1]]
            order.append(max(left, key=lambda sentence: (float(row[sentence]), -sentence)))
            left.remove(order[-1])
        return tuple(order)


def split(text: str) -> list[str]:
    """The sentences of an English ``text``, stripped; a line ends a sentence, as it does in training."""
    lines = text.splitlines()
    return [found for line in lines for sentence in sentencex.segment("en", line) if (found := sentence.strip())]


def every_pair(bert: Bert, trace: Trace, sentences: Sequence[str]) -> Generator[float, None, Paragraph]:
    """Asks every pair, with the direction and the switches of ``trace``. Yields the share done between passes.

    ``ValueError`` where the model has no NSP head or only one segment, and for fewer than two or more than ``MOST``
    sentences. A pair that is too long is cut as a question is.
    """
    bert.require(trace)
    weight, bias = bert.nsp_weights()
    if not 2 <= len(sentences) <= MOST:
        raise ValueError(f"A paragraph of 2 to {MOST} sentences can be asked; this one has {len(sentences)}.")
    lengths = [len(bert.tokenizer.encode(sentence).tokens) for sentence in sentences]
    if 0 in lengths:
        raise ValueError(f"Sentence {lengths.index(0) + 1} has no tokens: leave it out.")
    pairs = [(a, b) for a in range(len(sentences)) for b in range(len(sentences)) if a != b]
    size = {pair: min(lengths[pair[0]] + lengths[pair[1]] + 3, bert.config.max_position_embeddings) for pair in pairs}
    whole, done = sum(size.values()), 0
    found = np.full((len(sentences), len(sentences)), np.nan, dtype=np.float32)
    for tokens, alike in groupby(sorted(pairs, key=size.__getitem__), key=size.__getitem__):  # no [PAD] is needed
        places = np.array(list(alike))
        for chosen, _ in in_passes(np.arange(len(places)), tokens):
            a, b = places[chosen].T
            rows = [_rows(bert, sentences[first], sentences[second]) for first, second in zip(a, b, strict=True)]
            hidden = bert.hidden(trace, np.stack([r.input_ids for r in rows]), np.stack([r.segments for r in rows]))
            logits = bert.pooled(hidden) @ weight.T + bias  # (B, 2)
            found[a, b] = (1 + np.tanh((logits[:, 0] - logits[:, 1]) / 2)) / 2
            done += tokens * len(rows)
            yield done / whole
    return Paragraph(tuple(sentences), found)


def _rows(bert: Bert, first: str, second: str) -> Inputs:
    return inputs.build(bert.tokenizer, bert.config, Scenario(first, second))
