"""The one place with state: the open model, the question and its history, the answer, the selection."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from explorer.worker import Lane, Task, Worker
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

    ``bert`` and ``trace`` always belong together, and stay until the next answer is there. ``bert`` is for calls on
    the worker: the GUI thread asks it nothing but names and sizes.
    """

    answered = Signal()  # bert and trace are new, together
    asked = Signal()  # scenario is new: what the sentence bar shows; its answer is on its way
    busy = Signal(bool)  # whether an answer is on its way: pictures dim meanwhile
    refused = Signal(str)  # a sentence: why there is no answer; the former one stays
    noticed = Signal(str)  # a sentence about an answer, such as which edits are gone
    selection_changed = Signal()
    history_changed = Signal()

    def __init__(self, worker: Worker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.worker = worker
        self.bert: Bert | None = None
        self.trace: Trace | None = None
        self._base = Scenario()  # its edits speak of the tokens that are on screen
        self._texts = ("", "")  # what the sentence bar holds, perhaps ahead of _base
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
        return dataclasses.replace(self._base, first=self._texts[0], second=self._texts[1])

    def open_model(self, path: Path, scenario: Scenario | None = None) -> None:
        """Opens a model directory and asks it ``scenario``, or the present question.

        If it cannot be opened, the former model, answer and question stay and ``refused`` says why; where there is
        no former answer, ``scenario`` stays, to be asked of the next model. A question that is refused, such as an
        empty one, keeps no model out: it opens on the last question that had an answer.
        """
        former, present, base = self.bert, self._base, scenario or self._base
        texts = self._texts if scenario is None else (scenario.first, scenario.second)
        before, self._texts = self._texts, texts

        def call() -> tuple[Bert, Trace, bool, str]:
            import model

            bert = model.load(path)
            fitted = base if former is None or scenario is not None else bert.adopt(base, former)
            refusal = ""
            try:
                trace, _ = bert.rewrite(fitted, *texts)
            except ValueError as error:
                if (fitted.first, fitted.second) == texts:
                    raise
                refusal = str(error)
                trace, _ = bert.rewrite(fitted, fitted.first, fitted.second)
            return bert, trace, fitted != base, refusal

        def done(answer: tuple[Bert, Trace, bool, str]) -> None:
            bert, trace, lost, refusal = answer
            self._opening = False
            if former is not None and bert.tokenizer.tokens != former.tokenizer.tokens:
                self._history.clear()  # its edits speak of another vocabulary's tokens
                self._place = -1
            wish = self._base
            self._show(bert, trace, remember=True)
            if lost:
                self.noticed.emit(self.tr("The edits are gone: they do not fit this model."))
            if wish is not present:  # an example, an edit or undo while the model was being opened
                self._base = wish if former is None else bert.adopt(wish, former)
            if wish is not present or self._texts != texts:
                self._ask(typed=True)
            elif refusal:
                self.refused.emit(refusal)

        def failed() -> None:
            self._opening = False
            if self.trace is None:
                self._base = base
                self.asked.emit()
            elif self._texts == texts:
                self._texts = before
                self.asked.emit()
            else:
                self._ask(typed=True)

        self._opening = True
        self.asked.emit()
        self._submit(call, done, failed)

    def set_texts(self, first: str, second: str) -> None:
        """Asks about other texts; edits follow their tokens."""
        if (first, second) != self._texts:
            self._texts = (first, second)
            self._ask(typed=True)

    def edit(self, change: Callable[[Scenario], Scenario]) -> None:
        """Asks the question that ``change`` makes of the one on screen; it must leave the texts alone."""
        self._base = change(self._base)
        self._ask()

    def ask(self, scenario: Scenario) -> None:
        """Asks another question altogether, such as an example."""
        self._base, self._texts = scenario, (scenario.first, scenario.second)
        self._ask()

    def attend(self, direction: Direction) -> None:
        """Asks the same question with attention both ways or left-to-right (C5)."""
        own = self.bert is not None and direction == self.bert.direction
        self.edit(lambda scenario: scenario.attend(None if own else direction))

    def swap(self) -> None:
        """Asks whether A follows B."""
        self.ask(self.scenario.swapped())

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

    # The selection

    @property
    def selection(self) -> Selection:
        """What is focused: hovered, or else clicked."""
        return Selection(
            *(
                hovered if hovered is not None else clicked
                for hovered, clicked in zip(
                    dataclasses.astuple(self._hovered), dataclasses.astuple(self._clicked), strict=True
                )
            )
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
        """Lets go of the token and the cell (Esc); the head stays, since one is always on screen."""
        self._choose(Selection(head=self._clicked.head), Selection())

    def _choose(self, clicked: Selection, hovered: Selection) -> None:
        former = self.selection
        self._clicked, self._hovered = clicked, hovered
        if self.selection != former:
            self.selection_changed.emit()

    # How a question becomes an answer

    def _ask(self, *, typed: bool = False, remember: bool = True) -> None:
        self.asked.emit()
        bert, base, texts = self.bert, self._base, self._texts
        if bert is None or self._opening:
            return

        def done(answer: tuple[Trace, int]) -> None:
            trace, lost = answer
            self._show(bert, trace, remember=remember, typed=typed)
            if lost:
                self.noticed.emit(self.tr("Edits that went with their tokens: {count}.").format(count=lost))

        self._submit(lambda: bert.rewrite(base, *texts), done)

    def _submit(
        self, call: Callable[[], Any], done: Callable[[Any], None], undone: Callable[[], None] = lambda: None
    ) -> None:
        def finished(answer: Any) -> None:
            self.busy.emit(False)
            done(answer)

        def failed(error: Exception) -> None:
            self.busy.emit(False)
            if self.trace is not None:
                self._base = self.trace.scenario  # an edit that was refused is not asked again
            undone()
            if not isinstance(error, ValueError | OSError | MemoryError):
                raise error
            self.refused.emit(str(error) or self.tr("There is not enough memory for this."))

        self.busy.emit(True)
        self.worker.submit(Lane.QUESTION, "question", call, finished, failed)

    def _show(self, bert: Bert, trace: Trace, *, remember: bool, typed: bool = False) -> None:
        self.bert, self.trace, self._base = bert, trace, trace.scenario
        if remember:
            self._remember(trace.scenario, typed)
        self.worker.cancel(Lane.LENS)
        self.worker.cancel(Lane.LONG)
        self._fit_selection(trace)
        self.answered.emit()

    def _fit_selection(self, trace: Trace) -> None:
        """Lets go of what the new trace does not have."""
        layers, heads, tokens, _ = trace.attention.shape
        clicked = self._clicked
        token = clicked.token if clicked.token is not None and clicked.token < tokens else None
        cell = clicked.cell if clicked.cell is not None and max(clicked.cell) < tokens else None
        head = clicked.head if clicked.head is not None and clicked.head < (layers, 0) else (0, 0)
        if head[1] >= heads:
            head = (0, 0)
        self._choose(Selection(token, head, cell), Selection())

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
        self._place = place
        self._base = self._history[place]
        self._texts = (self._base.first, self._base.second)
        self._typed_at = float("-inf")
        self.history_changed.emit()
        self._ask(remember=False)
