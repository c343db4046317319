"""The one place with state: the open model, the question and its history, the answer, the selection."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from explorer.comparison import Answer, Shown
from explorer.question import Opened, Question, opened
from explorer.snapshots import Snapshots
from explorer.worker import Lane, Task, Worker
from model import inputs
from model.lens.steps import Place, Stage
from model.scenario import Direction, Scenario

if TYPE_CHECKING:
    from model.bert import Bert
    from model.trace import Trace

_TYPING_PAUSE = 1.5  # seconds: text that changes again within them is one step of undo


@dataclass(frozen=True)
class Selection:
    """What is chosen, the same in every tab. Layers, heads and positions count from 0; None is nothing."""

    token: int | None = None
    head: tuple[int, int] | None = None  # (layer, head)
    cell: tuple[int, int] | None = None  # (row, column) of an attention map: who looks, who is looked at


class Workspace(QObject):
    """The open model, the question, the answer and the selection.

    Tabs read it and call its methods; only signals leave it.

    ``bert`` and ``trace`` are what is on screen: the present answer or the pinned one. They always belong together, and
    stay until the next answer is there. ``bert`` is for calls on the worker: the GUI thread asks it nothing but names
    and sizes.
    """

    answered = Signal()  # bert and trace are new, together
    asked = Signal()  # scenario is new: what the sentence bar shows; its answer is on its way
    busy = Signal(bool)  # whether an answer is on its way: pictures dim meanwhile
    refused = Signal(str)  # a sentence: why there is no answer; the former one stays
    noticed = Signal(str)  # a sentence about an answer, such as which edits are gone
    selection_changed = Signal()
    history_changed = Signal()
    compared = Signal()  # another answer is pinned, or none, or another of the two is on screen
    inspected = Signal(object)  # the Place of a number that was clicked: how did it come about?

    def __init__(self, worker: Worker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.worker = worker
        self.snapshots = Snapshots()  # the worker's thread opens models with it
        self.bert: Bert | None = None
        self.trace: Trace | None = None
        self.pinned: Answer | None = None
        self.shown = Shown.NOW
        self.now: Answer | None = None  # the present one, also while the pinned one is on screen
        self._question = Question(Scenario(), ("", ""))  # perhaps ahead of the answer
        self._history: list[Scenario] = []
        self._place = -1  # in _history
        self._typed_at = float("-inf")
        self._opening = False  # a model is being opened: it will be asked what is then in the sentence bar
        self._clicked = Selection()
        self._hovered = Selection()

    # The question

    @property
    def scenario(self) -> Scenario:
        """The question as it is now asked, perhaps ahead of the answer on screen."""
        return self._question.scenario

    def open_model(self, path: Path, scenario: Scenario | None = None) -> None:
        """Opens a model directory and asks it ``scenario``, or the present question.

        If it cannot be opened, the former model, answer and question stay and ``refused`` says why; where there is
        no former answer, ``scenario`` stays, to be asked of the next model. A question that is refused, such as an
        empty one, keeps no model out.
        """
        self.open_with(lambda: self.snapshots.load(path), scenario)

    def open_with(
        self,
        load: Callable[[], Bert],
        scenario: Scenario | None = None,
        recipe: Callable[[Bert], Scenario] | None = None,
        then: Callable[[], None] = lambda: None,
    ) -> None:
        """As ``open_model``, of what ``load`` gives on the worker.

        ``recipe`` is that of ``ask``; ``then`` is called once the model has answered.
        """
        before, former, history = self._question, self.open_bert, tuple(self._history)
        question = before
        if scenario is not None:
            question = Question(scenario, (scenario.first, scenario.second), anew=True, recipe=recipe)
        self._question, self._opening = question, True
        self.asked.emit()

        def done(answer: Opened) -> None:
            self._opened(answer, question)
            then()

        self._submit(lambda: opened(load, question, history, former), done, lambda: self._not_opened(before, question))

    def _opened(self, answer: Opened, question: Question) -> None:
        self._opening = False
        wish = self._question  # an example, an edit or undo while the model was being opened is asked of it
        self._history = list(answer.history)
        self._place = min(self._place, len(self._history) - 1)
        self._show(answer.bert, answer.trace, remember=True)
        for note in answer.bert.notes:
            self.noticed.emit(note)
        if answer.lost:
            self.noticed.emit(
                self.tr("Edits that do not fit this model and are gone: {count}.").format(count=answer.lost)
            )
        if wish is not question:
            self._question = wish
            self._ask(typed=True)
        elif answer.refusal:
            self._question = dataclasses.replace(self._question, texts=question.texts)
            self.refused.emit(answer.refusal)

    def _not_opened(self, before: Question, question: Question) -> None:
        self._opening = False
        if self._question is not question:
            self._ask(typed=True)
        elif self.trace is not None:
            self._question = before
            self.asked.emit()

    def set_texts(self, first: str, second: str) -> None:
        """Asks about other texts; edits follow their tokens."""
        if (first, second) != self._question.texts:
            self._question = dataclasses.replace(self._question, texts=(first, second))
            self._ask(typed=True)

    def edit(self, change: Callable[[Scenario], Scenario]) -> None:
        """Asks the question that ``change`` makes of the one on screen; it must leave the texts alone.

        It takes the place of a question that is new altogether and has no answer yet: positions speak of what is seen.
        """
        is_pinned = self.shown is Shown.PINNED and self._question == _asked_of(self.now)  # and none ahead of it
        if is_pinned or (self._question.anew and self.trace is not None):
            self._question = self._answered_question()
        self._question = dataclasses.replace(self._question, base=change(self._question.base))
        self._ask()

    def ask(self, scenario: Scenario, recipe: Callable[[Bert], Scenario] | None = None) -> None:
        """Asks another question altogether, such as an example.

        Where its edits depend on the vocabulary, ``recipe`` makes it for the model that is asked, on the worker.
        """
        texts = (scenario.first, scenario.second)
        self._question = Question(scenario, texts, of=self.open_bert, anew=True, recipe=recipe)
        self._ask()

    def attend(self, direction: Direction) -> None:
        """Asks the same question with attention both ways or left-to-right (C5)."""
        if self.shown is Shown.PINNED:
            self._turn_to(Shown.NOW)  # the switch shows the direction of the present question
        own = self.bert is not None and direction == self.bert.direction
        self.edit(lambda scenario: scenario.attend(None if own else direction))

    def swap(self) -> None:
        """Asks whether A follows B; edits go with their tokens."""
        scenario = self.scenario
        self.ask(scenario.swapped(), lambda bert: bert.swapped(scenario))

    @property
    def can_undo(self) -> bool:
        return self._place > 0 or self._is_ahead

    @property
    def can_redo(self) -> bool:
        return self._place + 1 < len(self._history)

    def undo(self) -> None:
        """Asks the former question again; of a question that has no answer, or not yet, that is the last answered."""
        if self.can_undo:
            self._recall(self._place if self._is_ahead else self._place - 1)

    def redo(self) -> None:
        """Asks the question that ``undo`` left."""
        if self.can_redo:
            self._recall(self._place + 1)

    @property
    def _is_ahead(self) -> bool:
        """Whether what is asked now is not in the history: it was refused, or is on its way."""
        return self._place >= 0 and self.scenario != self._history[self._place]

    # The answer

    def examine(
        self,
        key: str,
        lens: Callable[[Bert, Trace], Any],
        done: Callable[[Any], None],
        failed: Callable[[Exception], None],
        progress: Callable[[float], None] | None = None,
    ) -> Task | None:
        """Runs ``lens(bert, trace)`` on the worker for the answer on screen.

        A newer call with the same ``key``, or a new answer, replaces it. With ``progress`` it is a long job: the lens
        is a generator of fractions. Gives back None when there is no answer yet.
        """
        bert, trace = self.bert, self.trace
        if bert is None or trace is None:
            return None
        lane = Lane.LENS if progress is None else Lane.LONG
        return self.worker.submit(lane, key, lambda: lens(bert, trace), done, failed, progress)

    # The comparison

    @property
    def open_bert(self) -> Bert | None:
        """The model that is asked: ``bert``, but where another one's pinned answer is on screen."""
        return None if self.now is None else self.now.bert

    def pin(self) -> None:
        """Keeps the present answer, to compare it with those to come; or lets go of the one that is kept."""
        if self.pinned is not None and self.shown is not Shown.NOW:
            self._turn_to(Shown.NOW)
        self.pinned = self.now if self.pinned is None else None
        self.compared.emit()

    def keep(self, pinned: Answer | None, shown: Shown = Shown.NOW) -> None:
        """Has ``pinned`` compared, or nothing, whatever was before, and puts what is ``shown`` on screen."""
        if self.shown is not Shown.NOW:
            self._turn_to(Shown.NOW)
        self.pinned = pinned
        self.compared.emit()
        if pinned is not None and self.now is not None and shown is not Shown.NOW:
            self._turn_to(shown)

    def compare(self, shown: Shown) -> None:
        """Puts the present answer, the pinned one or their difference on screen; needs a pinned one."""
        if self.pinned is None or self.trace is None or self.now is None or shown is self.shown:
            return
        before, after = self.trace.inputs, (self.pinned if shown is Shown.PINNED else self.now).trace.inputs
        if self._clicked.token is self._clicked.cell is None or before.originals == after.originals:
            self._turn_to(shown)
            return
        self.worker.submit(
            Lane.LENS,
            "compare",
            lambda: inputs.align(before, after),
            lambda moved: self._turn_to(shown, moved),
            lambda _: self._turn_to(shown),
        )

    # The selection

    @property
    def selection(self) -> Selection:
        """What is focused: hovered, or else clicked."""
        clicked, hovered = self._clicked, self._hovered
        return Selection(
            clicked.token if hovered.token is None else hovered.token,
            clicked.head if hovered.head is None else hovered.head,
            clicked.cell if hovered.cell is None else hovered.cell,
        )

    @property
    def clicked(self) -> Selection:
        """What a click holds, whatever the mouse is over."""
        return self._clicked

    def select(self, **chosen: Any) -> None:
        """Holds ``token``, ``head`` or ``cell``; those not named stay."""
        self._choose(dataclasses.replace(self._clicked, **chosen), Selection())

    def hover(self, **chosen: Any) -> None:
        """Previews ``token``, ``head`` or ``cell``; without arguments the preview ends."""
        self._choose(self._clicked, Selection(**chosen))

    def release(self) -> None:
        """Lets go of the token and the cell (Esc); the head stays."""
        self._choose(Selection(head=self._clicked.head), Selection())

    def _choose(self, clicked: Selection, hovered: Selection) -> None:
        former = self.selection, self._clicked
        self._clicked, self._hovered = clicked, hovered
        if (self.selection, self._clicked) != former:  # a click on what is hovered focuses nothing new, but holds it
            self.selection_changed.emit()

    def inspect(self, place: Place) -> None:
        """Asks how the number at ``place`` came about."""
        self.inspected.emit(place)

    def inspect_piece(self, position: int, piece: str, layer: int | None = None) -> None:
        """Asks how the probability of ``piece`` at a position came about, by the last layer or another."""
        if self.bert is not None and self.trace is not None:
            last = len(self.trace.hidden) - 1
            entry = self.bert.tokenizer.id(piece)
            self.inspect(Place(Stage.MLM, last if layer is None else layer, row=position, column=entry))

    # How a question becomes an answer

    def _ask(self, *, typed: bool = False, undone: Callable[[], None] = lambda: None, remember: bool = True) -> None:
        self.asked.emit()
        bert, question = self.open_bert, self._question
        if bert is None or self._opening:
            return

        is_held = self._clicked.token is not None or self._clicked.cell is not None
        former = self.trace.inputs if self.trace is not None and is_held and not question.anew else None

        def call() -> tuple[Trace, int, dict[int, int] | None]:
            trace, lost = question.put_to(bert)
            return trace, lost, None if former is None else inputs.align(former, trace.inputs)

        def done(answer: tuple[Trace, int, dict[int, int] | None]) -> None:
            trace, lost, moved = answer
            self._show(bert, trace, remember=remember, typed=typed, moved=moved)
            if lost:
                self.noticed.emit(self.tr("Edits that went with their tokens: {count}.").format(count=lost))

        def failed() -> None:
            # An edit that was refused is not asked again; what was typed stays.
            self._question = dataclasses.replace(_asked_of(self.now), texts=question.texts)
            undone()

        self._submit(call, done, failed)

    def _submit(self, call: Callable[[], Any], done: Callable[[Any], None], undone: Callable[[], None]) -> None:
        def finished(answer: Any) -> None:
            self.busy.emit(False)
            done(answer)

        def failed(error: Exception) -> None:
            self.busy.emit(False)
            undone()
            if not isinstance(error, ValueError | OSError | MemoryError):
                raise error
            self.refused.emit(str(error) or self.tr("There is not enough memory for this."))

        self.busy.emit(True)
        self.worker.submit(Lane.QUESTION, "question", call, finished, failed)

    def _answered_question(self) -> Question:
        """The question that the answer on screen belongs to."""
        return _asked_of(self.pinned if self.shown is Shown.PINNED else self.now)

    def _show(
        self, bert: Bert, trace: Trace, *, remember: bool, typed: bool = False, moved: dict[int, int] | None = None
    ) -> None:
        """``moved`` says where tokens of the former answer stand now; without it they are gone."""
        self.now = Answer(bert, trace)
        self._question = _asked_of(self.now)
        if remember:
            self._remember(trace.scenario, typed)
        self._turn_to(Shown.NOW if self.shown is Shown.PINNED else self.shown, moved)

    def _turn_to(self, shown: Shown, moved: dict[int, int] | None = None) -> None:
        """Puts the present or the pinned answer on screen; ``moved`` as for ``_show``."""
        answer = self.pinned if shown is Shown.PINNED else self.now
        assert answer is not None
        former, (self.bert, self.trace) = self.trace, answer
        turned, self.shown, trace = shown is not self.shown, shown, answer.trace
        self.worker.cancel(Lane.LENS)
        if trace is not former:
            self.worker.cancel(Lane.LONG)
        before = self.selection
        if former is not None and former.inputs.originals == trace.inputs.originals:
            moved = {place: place for place in range(len(trace.tokens))}
        self._clicked, self._hovered = self._fitting(trace, (moved or {}).get), Selection()
        if turned:
            self.compared.emit()
        self.answered.emit()  # whoever draws the answer marks what is chosen, too
        if self.selection != before:
            self.selection_changed.emit()

    def _fitting(self, trace: Trace, moved: Callable[[int], int | None]) -> Selection:
        """What was clicked and is still there: a head, and a token and a cell where they have ``moved`` to."""
        layers, heads, _, _ = trace.attention.shape
        token, head, cell = self._clicked.token, self._clicked.head, self._clicked.cell
        if head is not None and (head[0] >= layers or head[1] >= heads):
            head = None
        row, column = (None, None) if cell is None else map(moved, cell)
        return Selection(
            None if token is None else moved(token), head, None if row is None or column is None else (row, column)
        )

    def _remember(self, scenario: Scenario, typed: bool) -> None:
        now = time.monotonic()
        if self._place >= 0 and self._history[self._place] == scenario:
            return
        del self._history[self._place + 1 :]
        goes_on = typed and now - self._typed_at < _TYPING_PAUSE and self._place > 0
        if goes_on:
            self._history[self._place] = scenario
        else:
            self._history.append(scenario)
            self._place += 1
        self._typed_at = now if typed else float("-inf")
        self.history_changed.emit()

    def _recall(self, place: int) -> None:
        before, self._place = self._place, place
        scenario = self._history[place]
        self._question = Question(scenario, (scenario.first, scenario.second), of=self.open_bert, anew=True)
        self._typed_at = float("-inf")
        self.history_changed.emit()

        def undone() -> None:
            """One that has no answer, say for want of memory, is not walked through again."""
            if self._history[place : place + 1] == [scenario]:
                del self._history[place]
                self._place = before if before < place else before - 1
                self.history_changed.emit()

        self._ask(remember=False, undone=undone)


def _asked_of(answer: Answer | None) -> Question:
    """The question that an answer belongs to."""
    assert answer is not None
    scenario = answer.trace.scenario
    return Question(scenario, (scenario.first, scenario.second), of=answer.bert)
