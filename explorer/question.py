"""A question on its way: what the worker's thread does to put it to a model, open or about to be opened."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from model.scenario import Scenario

if TYPE_CHECKING:
    from model.bert import Bert
    from model.trace import Trace


@dataclass(frozen=True)
class Question:
    """``base`` with the ``texts`` that stand in the sentence bar, which its edits follow.

    Its edits speak of the tokens of the model ``of``. One that is new altogether, such as an example or a former
    question, is ``anew``; where its edits depend on the vocabulary, ``recipe`` makes it for any model.
    """

    base: Scenario
    texts: tuple[str, str]
    of: Bert | None = None
    anew: bool = False
    recipe: Callable[[Bert], Scenario] | None = None

    @property
    def scenario(self) -> Scenario:
        """The question as far as it is known before a model is asked."""
        return dataclasses.replace(self.base, first=self.texts[0], second=self.texts[1])

    def put_to(self, bert: Bert) -> tuple[Trace, int]:
        """On the worker: the answer, and how many edits and switches went because there is no place for them."""
        base = self.base
        if self.recipe is not None:
            base = self.recipe(bert)
        elif self.of is not None and self.of is not bert:
            base = bert.adopt(base, self.of)
        trace, _ = bert.rewrite(base, *self.texts)
        asked = self.base if self.recipe is None else base
        return trace, max(0, _interventions(asked) - _interventions(trace.scenario))


@dataclass(frozen=True)
class Opened:
    """A model with its first answer."""

    bert: Bert
    trace: Trace
    lost: int  # edits and switches that do not fit it
    refusal: str  # why the question itself has no answer; empty where it has
    history: tuple[Scenario, ...]  # the former questions as this model can be asked them


def opened(load: Callable[[], Bert], question: Question, history: Iterable[Scenario], former: Bert | None) -> Opened:
    """On the worker: opens a model with ``load``.

    A question that is refused keeps no model out: it opens on the question without what was typed since, or else on
    sentence A alone. ``ValueError`` or ``OSError`` with a sentence where nothing can be opened.
    """
    bert = load()
    refusal = ""
    for attempt in _attempts(question):
        try:
            trace, lost = attempt.put_to(bert)
        except ValueError as error:
            refusal = refusal or str(error)
            continue
        return Opened(bert, trace, lost, refusal, _adopted(history, bert, former))
    raise ValueError(refusal)


def _adopted(history: Iterable[Scenario], bert: Bert, former: Bert | None) -> tuple[Scenario, ...]:
    """The former questions; none where the vocabulary is another one, or one of them cannot be put to ``bert``."""
    if former is None or former.tokenizer.tokens != bert.tokenizer.tokens:
        return ()
    try:
        return tuple(bert.adopt(scenario, former) for scenario in history)
    except ValueError:
        return ()


def _attempts(question: Question) -> list[Question]:
    base = question.base
    own = dataclasses.replace(question, texts=(base.first, base.second))
    alone = Question(Scenario(base.first), (base.first, ""))
    return list(dict.fromkeys((question, own, alone)))


def _interventions(scenario: Scenario) -> int:
    return sum(map(len, (scenario.edits, scenario.flips, scenario.heads_off, scenario.layers_off)))
