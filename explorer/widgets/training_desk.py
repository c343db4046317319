"""The recipe, its training while it goes on, what is learnt, and the runs so far: all that one sees of a training."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QMessageBox, QSizePolicy, QVBoxLayout, QWidget

from explorer import training_process
from explorer.run_files import RunFiles
from explorer.training import Training
from explorer.training_process import Seen
from explorer.widgets.batch_table import BatchTable
from explorer.widgets.beside import Beside
from explorer.widgets.curves import Curves, RunCurves
from explorer.widgets.diagnosis import Diagnosis
from explorer.widgets.figures import rounded_percent
from explorer.widgets.line import Line
from explorer.widgets.panel import strong
from explorer.widgets.picture import Picture
from explorer.widgets.race import Race
from explorer.widgets.recipe_form import RecipeForm
from explorer.widgets.run_control import RunControl
from explorer.widgets.runs_table import RunsTable
from explorer.widgets.scroll import Scroll
from explorer.worker import Lane
from explorer.workspace import Workspace
from model.training.recipe import Recipe
from model.training.run import Run

_DRAW_EVERY = 1_000  # milliseconds from one drawing of the curves to the next: one takes 20 to 50
_PLOT = 220  # pixels that the curves are high, at least
_MIDDLE, _LEARNT = 360, 300  # pixels of the other columns, at least


class TrainingDesk(QWidget):
    """Left the recipe; in the middle the curves and all runs; right the doctor, the user's sentence and the batch."""

    said = Signal(str)  # a sentence about what was done
    answered = Signal(str)  # how far the learning is, in rich text

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.training = Training(workspace.worker, parent=self)
        self.files = RunFiles(workspace.worker, self)
        self.form = RecipeForm(workspace.worker, training_process.command)
        self.control, self.curves, self.runs = RunControl(self), Curves(), RunsTable()
        self.doctor, self.race, self.batch = Diagnosis(), Race(workspace), BatchTable()
        self.trouble = Line(role="refusal")
        self.trouble.hide()
        self._drawn: tuple[Seen, ...] = ()  # what the curves show
        self._drawing = QTimer(self, singleShot=True, interval=_DRAW_EVERY)
        self._drawing.timeout.connect(self._draw_curves)
        self._lay_out()
        self._connect()
        self._show_seen()

    # How it is laid out

    def _lay_out(self) -> None:
        curves, race = self.curves, self.race
        heading, asked = self.tr("Curves"), self.tr("Your sentence, step by step")
        self._curves = Picture(curves.plot, curves.sheet, "pretrain", heading, frame=curves, python=curves.python)
        self._race = Picture(race.plot, race.sheet, "pretrain", asked, frame=race, python=race.python)
        self.curves.plot.setMinimumHeight(_PLOT)
        left, middle, right = QWidget(), QWidget(), QWidget()
        column = QVBoxLayout(left)
        form = Scroll(self.form)
        form.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)  # the buttons stand right below
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(form, 1)
        column.addWidget(self.control.buttons)
        column.addStretch(0)
        left.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        columns: tuple[tuple[QWidget, int, tuple[tuple[QWidget, int], ...]], ...] = (
            (middle, _MIDDLE, ((self.trouble, 0), (self.control.progress, 0), (self._curves, 3), (self.runs, 1))),
            (right, _LEARNT, ((self.doctor, 0), (self._race, 0), (self.batch, 1))),
        )
        for whole, width, parts in columns:
            rows = QVBoxLayout(whole)
            rows.setContentsMargins(0, 0, 0, 0)
            rows.setSpacing(12)
            whole.setMinimumWidth(width)
            for part, stretch in parts:
                rows.addWidget(part, stretch)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(20)
        row.addWidget(left)
        row.addWidget(Scroll(Beside(middle, right, (13, 6), spacing=20)), 1)

    def _connect(self) -> None:
        training, control, runs, files = self.training, self.control, self.runs, self.files
        training.listed.connect(self._show_runs)
        training.changed.connect(self._show_seen)
        for failing in (training.failed, files.failed):
            failing.connect(self._complain)
        files.said.connect(self.said)
        files.changed.connect(training.list)
        files.renamed.connect(self._follow_name)
        control.start.connect(self.start)
        control.stop.connect(self.stop)
        control.resume.connect(self.resume)
        control.open.connect(self.open)
        runs.chosen.connect(self._look_at)
        runs.opened.connect(self.open_run)
        runs.renamed.connect(files.rename)
        runs.deleted.connect(files.delete)
        runs.exported.connect(files.export)
        runs.revealed.connect(files.reveal)
        runs.duplicated.connect(self.begin_another)
        self.form.changed.connect(lambda: control.allow_start(self.form.may_begin))
        control.allow_start(self.form.may_begin)
        self.race.picked.connect(self.workspace.open_model)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.training.follow(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.training.follow(False)

    # What can be done

    @property
    def attended(self) -> Run | None:
        """The run that Stop, Resume and Open speak of."""
        seen = self.training.attended
        return None if seen is None else seen.run

    def start(self) -> None:
        """Trains with the recipe of the form; asks first where another run is at work."""
        recipe = self.form.recipe()
        if recipe is None or not self.form.may_begin:
            return
        begin = lambda: self._begin(recipe)  # noqa: E731
        self._one_at_a_time(begin)

    def stop(self) -> None:
        """Asks the attended run to save and end."""
        if (run := self.attended) is not None:
            self.training.stop(run)

    def resume(self) -> None:
        """Lets the attended run go on."""
        if (run := self.attended) is not None:
            self._one_at_a_time(lambda: self._go_on(run))

    def open(self) -> None:
        """Opens the last snapshot of the attended run in every tab."""
        if (run := self.attended) is not None:
            self.open_run(run)

    def open_run(self, run: Run) -> None:
        """Opens the last snapshot of a run in every tab."""
        self.workspace.worker.submit(
            Lane.FILE,
            "pretrain open",
            run.snapshots,
            lambda found: self._open(run, found),
            self._cannot_open,
            owner=self,
        )

    def begin_another(self, run: Run) -> None:
        """Shows a run's recipe in the form, for another run."""
        self.workspace.worker.submit(
            Lane.FILE,
            "pretrain recipe",
            lambda: Recipe.read(run.recipe_path),
            lambda recipe: self.form.show_recipe(recipe, run.name),
            self._cannot_open,
            owner=self,
        )

    def _begin(self, recipe: Recipe) -> None:
        self._complain("")
        self.form.cancel()
        self.training.start(recipe, self.form.name)

    def _go_on(self, run: Run) -> None:
        self._complain("")
        self.training.resume(run)

    def _open(self, run: Run, found: list[tuple[int, Path]]) -> None:
        if found:
            self.workspace.open_model(found[-1][1])
        else:
            self._complain(self.tr("{0} has no snapshot: it was never trained.").format(run.name))

    def _cannot_open(self, error: Exception) -> None:
        if not isinstance(error, ValueError | OSError):
            raise error
        self._complain(str(error))

    def _one_at_a_time(self, act: Callable[[], None]) -> None:
        """Does it; where another run is at work, only if the user insists."""
        self.training.find_alive(lambda alive: self._ask_or_act(alive, act))

    def _ask_or_act(self, alive: tuple[Run, ...], act: Callable[[], None]) -> None:
        if not alive:
            act()
            return
        box = QMessageBox(
            QMessageBox.Icon.Question,
            "",
            self.tr("{0} is training already. Train another at the same time?").format(alive[0].name),
            parent=self,
        )
        box.setInformativeText(self.tr("Both are then about half as fast."))
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.addButton(self.tr("Train both"), QMessageBox.ButtonRole.AcceptRole).clicked.connect(act)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.open()

    # What is seen

    def _complain(self, sentence: str) -> None:
        self.trouble.say(escape(sentence))
        self.trouble.setVisible(bool(sentence))

    def _show_runs(self) -> None:
        summaries = self.training.summaries or ()
        self.runs.show_runs(summaries)
        there = [one.run for one in summaries]
        if self.attended in there and self.attended not in self.runs.runs:  # it was only just begun
            self.runs.choose(self.attended)
        elif there and not self.runs.runs and not self._is_lost():  # what became of a lost one is still to be read
            self.runs.choose(next(iter(self.training.alive), there[0]))
        self.form.hold(bool(self.training.alive))
        self.say_answer()

    def _is_lost(self) -> bool:
        """Whether the run that is attended to cannot be read any more."""
        seen = self.training.attended
        return seen is not None and bool(seen.trouble)

    def _look_at(self, runs: tuple[Run, ...]) -> None:
        if runs and runs[0] != self.attended:
            self._complain("")  # what was said was about another
        if runs or not self._is_lost():
            self.training.look_at(runs)

    def _follow_name(self, run: Run, other: Run) -> None:
        """Opens the model that is open once more, where its files are now."""
        bert = self.workspace.open_bert
        if bert is not None and bert.origin is not None and bert.origin.is_relative_to(run.directory):
            self.workspace.open_model(other.directory / bert.origin.relative_to(run.directory))

    def _show_seen(self) -> None:
        seen = self.training.attended
        self.control.show_run(seen)
        self.doctor.show_findings(seen.findings if seen else (), seen.health if seen else "")
        self.batch.show_batch(seen.batch if seen else None, seen.run.directory if seen else Path())
        self.race.show_snapshots(seen.snapshots if seen else ())
        if not self._drawing.isActive():
            self._draw_curves()
            self._drawing.start()
        self.say_answer()

    def _draw_curves(self) -> None:
        seen = self.training.seen
        if len(seen) != len(self._drawn) or not all(map(_alike, seen, self._drawn)):
            self._drawn = seen
            self.curves.show_runs([_curves(one) for one in seen])

    def say_answer(self) -> None:
        """Tells how far the learning is, again."""
        self.answered.emit(self._in_words(self.training.attended))

    def _in_words(self, seen: Seen | None) -> str:
        if seen is None:
            return self.tr(
                "By guessing words that were masked, and which sentence follows. Start trains a small BERT on a world "
                "of little stories; in a few minutes its loss leaves the lines of those who know nothing."
            )
        mlm, nsp = seen.latest("mlm_loss"), seen.latest("nsp_loss")
        if mlm is None:
            return self.tr("{0} has not learnt a step yet.").format(strong(escape(seen.run.name)))
        parts = [self.tr("MLM loss {0}").format(strong(f"{mlm:.2f}"))]
        if "unigram_entropy" in seen.baselines:
            frequencies = f"{seen.baselines['unigram_entropy']:.2f}"
            parts.append(self.tr("{0} for who knows word frequencies only").format(frequencies))
        if nsp is not None:
            parts.append(self.tr("NSP loss {0}").format(strong(f"{nsp:.2f}")))
        right = seen.latest("mask_accuracy")
        if right is not None:
            parts.append(self.tr("{0} of the [MASK] are guessed right").format(strong(escape(rounded_percent(right)))))
        return " · ".join(parts)


def _curves(seen: Seen) -> RunCurves:
    steps = seen.recipe.steps if seen.recipe is not None else 0
    return RunCurves(seen.run.name, seen.train, seen.validation, seen.baselines, steps, seen.run.directory)


def _alike(one: Seen, other: Seen) -> bool:
    """Whether the curves of both are the same; columns are made anew only where lines were added."""
    same = one.run == other.run and one.recipe == other.recipe and one.baselines == other.baselines
    return same and one.train is other.train and one.validation is other.validation
