"""What is predicted now, and what it would be with all of the model at work in its own direction (C5, C12)."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal

from explorer.widgets.axis import elided
from explorer.widgets.figures import points, rounded_percent
from explorer.widgets.panel import isolated, strong
from explorer.widgets.picture import Picture
from explorer.widgets.shifts import Shift, Shifts
from model.lens import what_if
from model.lens.what_if import Change, Effect, Prediction
from model.trace import Trace

if TYPE_CHECKING:
    from model.bert import Bert


class Effects(Picture):
    """The predictions that are asked about, a line each. A click or Enter on one chooses it."""

    asked = Signal(object)  # the Prediction that was chosen

    def __init__(self) -> None:
        self.shifts = Shifts(("all on", "now"), pieces=True)
        super().__init__(self.shifts, self.shifts.sheet, "what-if", python=self._python)
        self._changes: list[Change] = []
        self.shifts.chosen.connect(lambda place: self.asked.emit(self._changes[place].prediction))
        self.shifts.setAccessibleName(self.tr("The predictions before and after"))

    @property
    def predictions(self) -> list[Prediction]:
        """What is listed."""
        return [change.prediction for change in self._changes]

    def show_effect(self, bert: Bert, trace: Trace, effect: Effect) -> None:
        """Draws the predictions; without what was before, where nothing is off."""
        changed = what_if.is_changed(bert, trace)
        lines = [
            (change, change.prediction.piece, self._place(bert, trace, position))
            for position, changes in effect.words.items()
            for change in changes
        ]
        if effect.is_next is not None:
            lines.append((effect.is_next, "IsNext", self.tr("Does B follow A?")))
        self._changes = [change for change, _, _ in lines]
        self.set_heading(
            self.tr("Predictions"),
            self.tr("all on → now, change in percentage points") if changed else self.tr("with all on"),
        )
        self.shifts.show_shifts(
            [
                Shift(elided(label), change.after, before=change.before, change=_points(change, changed), group=group)
                for change, label, group in lines
            ],
            before=changed,
        )

    def choose(self, prediction: Prediction) -> None:
        """Marks the line of ``prediction``."""
        self.shifts.mark(self.predictions.index(prediction))

    def answer(self, bert: Bert, trace: Trace, effect: Effect, prediction: Prediction, *, chosen: bool) -> str:
        """What the change does to ``prediction``, in words; where it is not ``chosen``, also which comes first now.

        Empty where nothing is off.
        """
        because = self._because(bert, trace)
        if not because:
            return ""
        change = next(change for change in self._changes if change.prediction == prediction)
        before, after = rounded_percent(change.before), strong(rounded_percent(change.after))
        first = effect.words[prediction.position][0] if prediction.position is not None and not chosen else change
        if first is not change:
            sentence = self.tr("{0}, {1} is expected first, with {2}; {3} goes from {4} to {5}.")
            ahead = strong(rounded_percent(first.after))
            said = sentence.format(because, quoted(first.prediction), ahead, quoted(prediction), before, after)
        elif before == rounded_percent(change.after):
            said = self.tr("{0}, {1} stays at {2}.").format(because, quoted(prediction), after)
        else:
            falls = self.tr("{0}, {1} falls from {2} to {3}.")
            rises = self.tr("{0}, {1} rises from {2} to {3}.")
            said = (falls if change.after < change.before else rises).format(because, quoted(prediction), before, after)
        if effect.is_next is None or prediction == what_if.IS_NEXT:
            return said
        now = rounded_percent(effect.is_next.after)
        former = rounded_percent(effect.is_next.before)
        return said if now == former else f"{said} {self.tr('IsNext goes from {0} to {1}.').format(former, now)}"

    def _python(self) -> str:
        places = sorted(
            {place for place in (change.prediction.position for change in self._changes) if place is not None}
        )
        top = max((sum(one.position == place for one in self.predictions) for place in places), default=0)
        changes = "[change for changes in effect.words.values() for change in changes]"
        if what_if.IS_NEXT in self.predictions:
            changes += " + [effect.is_next]"
        return (
            f"effect = model.lens.what_if.effect(bert, trace, {places}, {top})\n"
            f"changes = {changes}\n"
            "values = np.array([[one.before, one.after, 100 * (one.after - one.before)] for one in changes])"
        )

    def _because(self, bert: Bert, trace: Trace) -> str:
        """What is off or turned, as the beginning of a sentence; empty where nothing is."""
        layers = sorted(trace.scenario.layers_off)
        heads = sorted(head for head in trace.scenario.heads_off if head[0] not in layers)
        turned = trace.direction != bert.direction
        if layers or heads:
            if turned:
                return self.tr("Read the other way and without what is off")
            if layers and heads:
                return self.tr("Without the layers and heads that are off")
            if layers:
                one = self.tr("Without layer {0}").format(layers[0] + 1)
                return one if len(layers) == 1 else self.tr("Without {0} layers").format(len(layers))
            one = self.tr("Without layer {0} head {1}").format(heads[0][0] + 1, heads[0][1] + 1)
            return one if len(heads) == 1 else self.tr("Without {0} heads").format(len(heads))
        if not turned:
            return ""
        return self.tr("Read both ways") if trace.direction == "both" else self.tr("Read left-to-right")

    def _place(self, bert: Bert, trace: Trace, position: int) -> str:
        """Which position a group of lines is about."""
        token, original = (isolated(elided(row[position])) for row in (trace.tokens, trace.inputs.originals))
        if bert.config.is_decoder:
            return self.tr("After position {0}, {1}").format(position, token)
        if token == original:
            return self.tr("Position {0}, {1}").format(position, token)
        return self.tr("Position {0}, {1} in place of {2}").format(position, token, original)


def name(prediction: Prediction) -> str:
    """What a prediction is called in a sentence."""
    return "IsNext" if prediction == what_if.IS_NEXT else f"“{isolated(elided(prediction.piece))}”"


def quoted(prediction: Prediction) -> str:
    """Its name as rich text that the eye finds first."""
    return strong(escape(name(prediction)))


def _points(change: Change, changed: bool) -> str:
    """The change in percentage points, with its sign; empty where nothing could change."""
    return points(change.before, change.after) if changed else ""
