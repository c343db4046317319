"""Start, Stop, Resume and Open, and in words how the run stands that is attended to."""

from __future__ import annotations

import math
from html import escape

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QProgressBar, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from explorer.training_process import Seen
from explorer.widgets.flow import Flow
from explorer.widgets.job import time_left
from explorer.widgets.line import Line
from explorer.widgets.panel import isolated, strong

_STEPS = 1_000  # of the progress bar
_LOG_LINES, _LETTERS = 4, 200  # of a run that ended without being asked to, and of each line


class RunControl(QWidget):
    """``buttons`` and ``progress`` stand where a page puts them; this only keeps them in step with the run."""

    start, stop, resume, open = Signal(), Signal(), Signal(), Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._seen: Seen | None = None
        self._may_start = True
        self.start_button = QPushButton(self.tr("Start"))
        self.stop_button = QPushButton(self.tr("Stop"))
        self.resume_button = QPushButton(self.tr("Resume"))
        self.open_button = QPushButton(self.tr("Open"))
        self.start_button.setToolTip(self.tr("Train a new model with this recipe"))
        self.stop_button.setToolTip(self.tr("Save and end; the run can be resumed"))
        self.resume_button.setToolTip(self.tr("Go on from the last state that was saved"))
        self.open_button.setToolTip(self.tr("Show the last snapshot in every tab"))
        self.buttons = Flow()
        self.standing = Line()
        self.bar = QProgressBar()
        self.bar.setRange(0, _STEPS)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("How much of the run is done"))
        self.bar.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.progress = QWidget()
        column = QVBoxLayout(self.progress)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.standing)
        column.addWidget(self.bar)
        for button, signal in (
            (self.start_button, self.start),
            (self.stop_button, self.stop),
            (self.resume_button, self.resume),
            (self.open_button, self.open),
        ):
            self.buttons.addWidget(button)
            button.clicked.connect(signal)
        self.hide()
        self.show_run(None)

    def allow_start(self, on: bool) -> None:
        """Whether the recipe is possible."""
        self._may_start = on
        self.start_button.setEnabled(on)

    # For menus, which ask before anything is on screen

    def may_start(self) -> bool:
        return self.start_button.isEnabled()

    def may_stop(self) -> bool:
        return not self.stop_button.isHidden() and self.stop_button.isEnabled()

    def may_resume(self) -> bool:
        return not self.resume_button.isHidden()

    def may_open(self) -> bool:
        return not self.open_button.isHidden()

    def show_run(self, seen: Seen | None) -> None:
        """Shows how a run stands; None where there is none."""
        self._seen = seen
        alive = seen is not None and seen.status.alive
        unfinished = seen is not None and not alive and seen.status.state != "finished" and not seen.trouble
        goes_on = unfinished and seen is not None and (seen.saved or seen.status.state != "failed")
        buttons = (self.start_button, self.stop_button, self.resume_button)
        focused = next((button for button in buttons if button.hasFocus()), None)
        self.stop_button.setVisible(alive)
        self.stop_button.setEnabled(alive and seen is not None and not seen.stopping)
        self.resume_button.setVisible(unfinished)
        self.open_button.setVisible(seen is not None and bool(seen.snapshots))
        primary = self.stop_button if alive else self.resume_button if goes_on else self.start_button
        for button in buttons:
            name = "primary" if button is primary else ""
            if button.property("role") != name:
                button.setProperty("role", name)
                button.style().polish(button)
        if focused is not None and focused.isHidden():
            primary.setFocus()
        self.standing.say(self._standing(seen))
        self.progress.setVisible(seen is not None)
        self.bar.setVisible(alive)
        self.bar.setRange(0, _STEPS if seen is not None and seen.step else 0)  # without an end until there are steps
        self.bar.setValue(round(seen.share * _STEPS) if seen is not None else 0)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.standing.say(self._standing(self._seen))

    def _standing(self, seen: Seen | None) -> str:
        if seen is None:
            return ""
        name, state = strong(escape(seen.run.name)), seen.status.state
        if seen.trouble:
            return self.tr("{name}: {sentence}").format(name=name, sentence=isolated(escape(seen.trouble)))
        if seen.stopping:
            return self.tr("{name} is saving, and then it ends.").format(name=name)
        if state == "starting":
            return self.tr("{name} is starting: torch is loaded first.").format(name=name)
        if state == "preparing":
            return self.tr("{name} is being prepared. {doing}").format(
                name=name, doing=isolated(escape(seen.status.reason))
            )
        if state == "running":
            return self._learning(seen, name)
        step = f"{seen.step:,}"
        if state == "finished":
            return self.tr("{name} is finished after {step} steps.").format(name=name, step=step)
        if state == "stopped":
            return self.tr("{name} was stopped at step {step}; Resume goes on there.").format(name=name, step=step)
        if state == "failed":
            sentence = self.tr("{name} failed at step {step}: {reason}")
            return sentence.format(name=name, step=step, reason=isolated(escape(seen.status.reason)))
        minutes = 0.0 if seen.recipe is None else seen.recipe.save_seconds / 60
        sentence = (
            self.tr(
                "{name} ended at step {step} without a word. Resume goes on from its last save: "
                "what it learnt after that, at most about {minutes} min, is learnt again."
            )
            if seen.saved
            else self.tr("{name} ended at step {step} without a word, before its first save: Resume begins anew.")
        )
        return sentence.format(name=name, step=step, minutes=math.ceil(minutes)) + _log(seen)

    def _learning(self, seen: Seen, name: str) -> str:
        steps = seen.recipe.steps if seen.recipe is not None else 0
        place = self.tr("step {step} of {steps}") if steps else self.tr("step {step}")
        parts = [place.format(step=f"{seen.step:,}", steps=f"{steps:,}")]
        if (speed := seen.latest("tokens_per_second")) is not None:
            parts.append(self.tr("{0} tokens/s").format(f"{speed:,.0f}"))
        if seen.seconds_left is not None:
            parts.append(time_left(seen.seconds_left))
        return self.tr("{name}: {sentence}").format(name=name, sentence=" · ".join(parts))


def _log(seen: Seen) -> str:
    """The last lines of the run's log, below the sentence."""
    lines = [isolated(escape(line[:_LETTERS])) for line in seen.log.splitlines() if line.strip()][-_LOG_LINES:]
    return f"<br><tt>{'<br>'.join(lines)}</tt>" if lines else ""
