"""A run that is open as a model has a slider over its snapshots: every tab shows what it had learnt by that step."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QToolButton, QWidget

from explorer import theme
from explorer.worker import Lane
from explorer.workspace import Workspace
from model.training.run import Run, snapshot_at

_LOOK_EVERY = 1_000  # milliseconds: a run that goes on makes new ones
_PLAY_EVERY = 500  # milliseconds from one step to the next, at least: the eye has to follow
_AHEAD = 2  # snapshots on each side that are opened before they are asked for

Snapshot = tuple[int, Path]  # step, model directory


class TimeSlider(QWidget):
    """Shown while the open model is a snapshot. Moving it opens another, playing goes on to the last and waits there
    for those that are still to be made.
    """

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._run: Run | None = None
        self._snapshots: tuple[Snapshot, ...] = ()
        self._at = 0  # the step that is open
        self._alive = False  # whether more steps are to come
        theme.role(self, "strip")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.play = QToolButton()
        self.play.setCheckable(True)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName(self.tr("Step of the training that the open model is from"))
        self.slider.setPageStep(5)
        self.slider.setTickPosition(QSlider.TickPosition.NoTicks)
        self._step = QLabel(alignment=Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._lay_out()
        self._looking = QTimer(self, interval=_LOOK_EVERY)
        self._looking.timeout.connect(self._look)
        self._playing = QTimer(self, singleShot=True, interval=_PLAY_EVERY)
        self._playing.timeout.connect(self._go_on)
        self.slider.valueChanged.connect(self._turn)
        self.play.toggled.connect(self._say_play)
        self.play.toggled.connect(self._begin)
        workspace.answered.connect(self._show_model)
        workspace.refused.connect(self._stay)
        self._say_play(False)
        self.hide()

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps that there are snapshots of."""
        return tuple(step for step, _ in self._snapshots)

    def go(self, by: int) -> None:
        """Opens the snapshot so many further on."""
        self.slider.setValue(self.slider.value() + by)

    def _lay_out(self) -> None:
        name = QLabel(self.tr("&Time"))
        name.setToolTip(self.tr("Every tab shows the model as it was at this step of its training."))
        name.setBuddy(self.slider)
        theme.role(name, "heading")
        self._step.setMinimumWidth(self._step.fontMetrics().horizontalAdvance("step 000,000 of 000,000, 000 of 000"))
        theme.role(self._step, "faint")
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 5, 16, 5)
        row.setSpacing(10)
        for widget in (name, self.play):
            row.addWidget(widget)
        row.addWidget(self.slider, 1)
        row.addWidget(self._step)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._looking.start()

    # The open model and its run

    def _show_model(self) -> None:
        bert = self._workspace.open_bert
        place = None if bert is None or bert.origin is None else snapshot_at(bert.origin)
        if place is None or bert is None or bert.origin is None:
            self._leave()
            return
        run, step = place
        if run != self._run:
            self.play.setChecked(False)
            self._run, self._snapshots = run, ((step, bert.origin),)
            self._look()
        self._mark(step)
        self.show()
        if self.play.isChecked():
            self._playing.start()
        self._open_neighbours()

    def _leave(self) -> None:
        self.play.setChecked(False)
        self._looking.stop()
        self._run, self._snapshots = None, ()
        self.hide()

    def _mark(self, step: int) -> None:
        """Stands at ``step``, which is open."""
        self._at = step
        with QSignalBlocker(self.slider):
            self.slider.setRange(0, max(0, len(self._snapshots) - 1))
            if step in self.steps:
                self.slider.setValue(self.steps.index(step))
        self._say(step)

    def _say(self, step: int) -> None:
        sentence = self.tr("step {step}, {number} of {count}").format(
            step=f"{step:,}", number=self.slider.value() + 1, count=len(self._snapshots)
        )
        self._step.setText(sentence)
        self.slider.setAccessibleDescription(sentence)

    def _look(self) -> None:
        """Asks on the worker which snapshots there are by now."""
        run = self._run
        if run is not None:
            self._workspace.worker.submit(
                Lane.FILE,
                "time slider",
                lambda: (tuple(run.snapshots()), run.status().alive),
                lambda found: self._renew(run, *found),
                self._lose,
                owner=self,
            )

    def _renew(self, run: Run, found: tuple[Snapshot, ...], alive: bool) -> None:
        if run != self._run:
            return
        if not found:  # deleted: what is open stays, and there is nothing to slide over
            self._leave()
            return
        self._alive = alive
        if found != self._snapshots:
            self._snapshots = found
            self._mark(self._at)
        self._open_neighbours()
        if self.play.isChecked() and not self._playing.isActive():
            self._go_on()

    def _lose(self, error: Exception) -> None:
        """A run directory that cannot be read, say because it was deleted, keeps the steps that were there."""
        if not isinstance(error, OSError):
            raise error

    # Another step

    def _turn(self, place: int) -> None:
        step, path = self._snapshots[place]
        self._say(step)
        self._workspace.open_model(path)

    def _stay(self) -> None:
        """What could not be opened is not where the slider stands."""
        if self._run is not None:
            self.play.setChecked(False)
            self._mark(self._at)

    def _say_play(self, on: bool) -> None:
        self.play.setText("⏸" if on else "▶")
        self.play.setToolTip(self.tr("Stay at this step") if on else self.tr("Play: go through all steps"))
        self.play.setAccessibleName(self.play.toolTip())

    def _begin(self, on: bool) -> None:
        """Plays from here, from the first step where this is the last."""
        last = len(self._snapshots) - 1
        if not on:
            self._playing.stop()
        elif self.slider.value() == last > 0:
            self.slider.setValue(0)
        else:
            self._go_on()

    def _go_on(self) -> None:
        if not self.play.isChecked() or self._run is None:
            return
        last = len(self._snapshots) - 1
        if self.slider.value() < last:
            self.slider.setValue(self.slider.value() + 1)
        elif not self._alive:
            self.play.setChecked(False)

    def _open_neighbours(self) -> None:
        """Has those before and after opened, once the answer is on screen."""
        place = self.slider.value()
        near = sorted(range(place - _AHEAD, place + _AHEAD + 1), key=lambda other: (abs(other - place), -other))
        paths = [self._snapshots[other][1] for other in near if 0 <= other < len(self._snapshots) and other != place]
        snapshots = self._workspace.snapshots
        self._workspace.worker.submit(
            Lane.LONG,
            "neighbours",
            lambda: snapshots.keep(paths),
            lambda _: None,
            self._lose,
            lambda _: None,
            owner=self,
        )
