"""Which head does what, over many texts: how often the token that a row looks at most is the one before it, … (C12).

The relations are those of Clark et al. 2019, "What Does BERT Look At?", section 3; a hit is a row whose largest weight
is where one says, as in its section 4.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import numpy as np

from model.lens import attention, paragraph
from model.lens.attention import Doubles, Head, Pattern, Relation
from model.trace import Trace

if TYPE_CHECKING:
    from model.bert import Bert

Text = tuple[str, str]  # A and B; B is empty where A stands alone

MOST = 500  # texts
RELATIONS: tuple[Relation, ...] = get_args(Relation)  # the last two lead across to the other sentence


@dataclass(frozen=True, eq=False)
class HeadTable:
    """What every head does over all rows of some texts. Arrays are (L, H), NaN where no row can have the relation."""

    texts: int
    tokens: int  # of all texts: as many rows look
    hits: dict[Relation, Doubles]  # share of the rows with such a place that look at it most
    mass: dict[Relation, Doubles]  # share of the attention of those rows that is there
    entropy: Doubles  # nats, mean over rows

    def best(self, relation: Relation) -> Head | None:
        """The head that hits most often; None where no row can."""
        hits = self.hits[relation]
        if not hits.size or np.isnan(hits).all():
            return None
        layer, head = np.unravel_index(int(np.nanargmax(hits)), hits.shape)
        return int(layer), int(head)

    def named(self, head: Head) -> Pattern:
        """What ``head`` does, by the rule of ``attention.patterns`` with hits in place of mass."""
        near = max(RELATIONS[:-2], key=lambda relation: self._rate(relation, head))
        if self._rate(near, head) >= attention.NAMED_FROM:
            return near
        across = max(RELATIONS[-2:], key=lambda relation: self._rate(relation, head))
        return across if self._rate(across, head) >= attention.CROSSING_FROM else "mixed"

    def _rate(self, relation: Relation, head: Head) -> float:
        return float(np.nan_to_num(self.hits[relation][head], nan=-1.0))


def texts(written: str) -> list[Text]:
    """The texts of a file: each sentence one; in a line with a tab, what stands before it is A and the rest B."""
    found: list[Text] = []
    for line in written.splitlines():
        first, _, second = (part.strip() for part in line.partition("\t"))
        found += [(first, second)] if first and second else [(alone, "") for alone in paragraph.split(first or second)]
    return found


def table(bert: Bert, trace: Trace, asked: Sequence[Text]) -> Generator[float, None, HeadTable]:
    """Asks every text, with the direction and the switches of ``trace``. Yields the share done between passes.

    A text that is too long is cut as a question is; one without a token is left out, and so is B where the model has
    one segment only. ``ValueError`` where nothing is left, and for more than ``MOST`` texts.
    """
    bert.require(trace)
    if len(asked) > MOST:
        raise ValueError(f"At most {MOST} texts can be asked; these are {len(asked)}.")
    shape = trace.attention.shape[:2]
    count, size, entropy = 0, 0, np.zeros(shape)
    rows = dict.fromkeys(RELATIONS, 0)
    hits, mass = ({relation: np.zeros(shape) for relation in RELATIONS} for _ in range(2))
    for number, (first, second) in enumerate(asked, start=1):
        if not bert.tokenizer.encode(first).tokens:
            continue
        second = second if bert.config.type_vocab_size > 1 else ""
        scenario = dataclasses.replace(trace.scenario, first=first, second=second, edits=(), flips=frozenset())
        other = bert.trace(scenario)
        count, size = count + 1, size + len(other.tokens)
        _add(other, rows, hits, mass)
        entropy += attention.statistics(other).entropy * len(other.tokens)
        yield number / len(asked)
    if not count:
        raise ValueError("No text has a token in it: choose a file with sentences, a line each.")
    for sums in (hits, mass):
        for relation in RELATIONS:
            sums[relation] = sums[relation] / rows[relation] if rows[relation] else np.full(shape, np.nan)
    return HeadTable(count, size, hits, mass, entropy / size)


def _add(trace: Trace, rows: dict[Relation, int], hits: dict[Relation, Doubles], mass: dict[Relation, Doubles]) -> None:
    """Counts one text: the rows that can have each relation, those that hit, and the weights that are there."""
    strongest = trace.attention.argmax(axis=-1)  # (L, H, T)
    every = np.arange(len(trace.tokens))
    for relation, cells in attention.places(trace).items():
        rows[relation] += int(cells.any(axis=1).sum())
        hits[relation] += cells[every, strongest].sum(axis=-1)
        mass[relation] += np.einsum("lhqk,qk->lh", trace.attention, cells, dtype=np.float64)
