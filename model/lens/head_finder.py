"""Which head does what, over many texts: how often the token that a row looks at most is the one before it, … (C12).

The relations are those of Clark et al. 2019, "What Does BERT Look At?", section 3; a hit is a row whose largest weight
is where one says, as in its section 4.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

import numpy as np

from model import inputs
from model.lens import attention, masked_lm, paragraph, what_if
from model.lens.attention import Doubles, Head, Pattern, Relation
from model.lens.passes import Result
from model.scenario import Scenario
from model.trace import Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert

Text = tuple[str, str]  # A and B; B is empty where A stands alone

MOST = 500  # texts
_EVERY = 7  # tokens one is masked: about the 15 % of training
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


@dataclass(frozen=True, eq=False)
class HeadsOff:
    """What the predictions of masked tokens lose without each head. Arrays are (L, H), NaN where it is off already."""

    predictions: int  # tokens that were masked, of all texts
    loss: float  # nats, mean of -ln p of what was masked, with the head on
    rise: Doubles  # nats, by how much the loss is higher with this head alone off; below 0 it is lower
    changed: Doubles  # share of predictions whose first guess is another

    @property
    def worst(self) -> Head | None:
        """The head whose absence costs most; None where every head is off."""
        if np.isnan(self.rise).all():
            return None
        layer, head = np.unravel_index(int(np.nanargmax(self.rise)), self.rise.shape)
        return int(layer), int(head)


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
    shape = trace.attention.shape[:2]
    count, size, entropy = 0, 0, np.zeros(shape)
    rows = dict.fromkeys(RELATIONS, 0)
    hits, mass = ({relation: np.zeros(shape) for relation in RELATIONS} for _ in range(2))
    for number, scenario in _scenarios(bert, trace, asked):
        other = bert.trace(scenario)
        count, size = count + 1, size + len(other.tokens)
        _add(other, rows, hits, mass)
        entropy += attention.statistics(other).entropy * len(other.tokens)
        yield (number + 1) / len(asked)
    for sums in (hits, mass):
        for relation in RELATIONS:
            sums[relation] = sums[relation] / rows[relation] if rows[relation] else np.full(shape, np.nan)
    return HeadTable(count, size, hits, mass, entropy / size)


def without(bert: Bert, trace: Trace, asked: Sequence[Text]) -> Generator[float, None, HeadsOff]:
    """Masks every seventh token of each text at once, as in training, and switches each head off in turn.

    What is cut or left out is as in ``table``; what is off already stays so. A model that reads left-to-right needs no
    masks: it predicts the same tokens from those before them. Yields the share done between passes. ``ValueError``
    without a masked-LM head, and where a model that reads left-to-right is asked to look both ways.
    """
    if not bert.has_mlm:
        raise ValueError(f"{bert.name} has no masked-LM head: it makes no predictions that could lose by a head.")
    if bert.config.is_decoder and trace.direction == "both":
        raise ValueError("Reading both ways, this model sees the tokens that it predicts: read left-to-right instead.")
    count, loss = 0, 0.0
    sums = np.zeros((*trace.attention.shape[:2], 2))  # of losses, and of first guesses that are others
    for number, scenario in _scenarios(bert, trace, asked):
        places = _chosen(bert, scenario)
        if not places:
            continue
        for place in places if not bert.config.is_decoder else ():
            scenario = scenario.mask(place)
        other = bert.trace(scenario)
        steps = what_if.each_off(bert, other, _reader(bert, other, places))
        now, found = yield from _part(steps, number, len(asked))
        count, loss = count + len(places), loss + float(now[0])
        sums += found
    if not count:
        raise ValueError("No text has a token that could be masked: choose a file with sentences, a line each.")
    return HeadsOff(count, loss / count, (sums[..., 0] - loss) / count, sums[..., 1] / count)


def _scenarios(bert: Bert, trace: Trace, asked: Sequence[Text]) -> Iterator[tuple[int, Scenario]]:
    """Each text that has a token, with its number, asked as ``trace`` was; ``ValueError`` where there is none."""
    bert.require(trace)
    if len(asked) > MOST:
        raise ValueError(f"At most {MOST} texts can be asked; these are {len(asked)}.")
    found = [number for number, (first, _) in enumerate(asked) if bert.tokenizer.encode(first).tokens]
    if not found:
        raise ValueError("No text has a token in it: choose a file with sentences, a line each.")
    for number in found:
        first, second = asked[number]
        second = second if bert.config.type_vocab_size > 1 else ""
        yield number, dataclasses.replace(trace.scenario, first=first, second=second, edits=(), flips=frozenset())


def _add(trace: Trace, rows: dict[Relation, int], hits: dict[Relation, Doubles], mass: dict[Relation, Doubles]) -> None:
    """Counts one text: the rows that can have each relation, those that hit, and the weights that are there."""
    strongest = trace.attention.argmax(axis=-1)  # (L, H, T)
    every = np.arange(len(trace.tokens))
    for relation, cells in attention.places(trace).items():
        rows[relation] += int(cells.any(axis=1).sum())
        hits[relation] += cells[every, strongest].sum(axis=-1)
        mass[relation] += np.einsum("lhqk,qk->lh", trace.attention, cells, dtype=np.float64)


def _chosen(bert: Bert, scenario: Scenario) -> list[int]:
    """Positions of every seventh token of the texts from the fourth on; of fewer the last. A typed [MASK] is none."""
    rows, mask = inputs.build(bert.tokenizer, bert.config, scenario), bert.tokenizer.mask_token
    places = [place for place, text in enumerate(rows.texts) if text is not None and rows.originals[place] != mask]
    return places[_EVERY // 2 :: _EVERY] or places[-1:]


def _reader(bert: Bert, trace: Trace, places: list[int]) -> Callable[[Floats], Doubles]:
    """Makes (B, 2) of last hidden states (B, T, D): summed losses at ``places``, and guesses unlike the trace's."""
    entries = [bert.tokenizer.id(trace.inputs.originals[place]) for place in places]
    read = np.array(places) - int(bert.config.is_decoder)

    def scores(hidden: Floats) -> Floats:
        flat = hidden[:, read].reshape(-1, hidden.shape[-1])
        found = what_if.finite(bert, masked_lm.log_softmax(bert.mlm_logits(flat)))
        return found.reshape(len(hidden), len(places), -1)[..., : len(bert.tokenizer.tokens)]  # (B, N, V)

    guesses = scores(trace.hidden[-1:]).argmax(axis=-1)  # (1, N)

    def sums(hidden: Floats) -> Doubles:
        found = scores(hidden)
        losses = -found[:, range(len(places)), entries].sum(axis=1, dtype=np.float64)
        return np.stack([losses, (found.argmax(axis=-1) != guesses).sum(axis=1)], axis=1)

    return sums


def _part(steps: Generator[float, None, Result], number: int, of: int) -> Generator[float, None, Result]:
    """The ``steps`` of one text, with the share that is done of all texts."""
    while True:
        try:
            share = next(steps)
        except StopIteration as stop:
            found: Result = stop.value
            return found
        yield (number + share) / of
