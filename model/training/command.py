"""``main.py pretrain``: a run without a window, alone or under ``torchrun``.

``options`` has recipe and resume (a path or None), runs (a path or None), name (a text or None), dry_run.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from model.training import preparation
from model.training.corpus import Corpus
from model.training.distributed import World
from model.training.recipe import Recipe
from model.training.run import Run, default_cache, default_runs
from model.training.terminal import Terminal, duration
from model.training.trainer import Trainer


def run(options: argparse.Namespace) -> int:
    """Carries out the command; ``ValueError`` or ``OSError`` with a sentence where that cannot be."""
    if bool(options.recipe) == bool(options.resume):
        raise ValueError("Name either a recipe or, with --resume, the directory of a run.")
    if options.dry_run:
        return _dry_run(_recipe(options))
    world = World.join()
    try:
        return _train(options, world)
    finally:
        world.leave()


def _recipe(options: argparse.Namespace) -> Recipe:
    return Recipe.read(Run.open(options.resume).recipe_path if options.resume else options.recipe)


def _dry_run(recipe: Recipe) -> int:
    from model.training.estimate import estimate

    device, terminal = World.join().device, Terminal(recipe, sys.stdout)
    found = estimate(recipe, device)
    memory = f"{found.memory / 1e9:.1f} GB" if found.memory else "an unknown amount"
    terminal.say(f"{found.parameters:,} parameters, {memory} of memory")
    terminal.say(f"{found.steps:,} steps, up to {found.tokens:,} tokens")
    terminal.say(f"about {duration(found.seconds)} of training on this machine ({device.type})")
    return 0


def _train(options: argparse.Namespace, world: World) -> int:
    recipe = _recipe(options)
    terminal = Terminal(recipe, sys.stdout) if world.writes else None
    # Rank 0 makes the directory and holds its lock; the others are told where it is.
    run = Run(world.tell(_directory(options, recipe) if world.writes else Path()))
    with run.lock() if world.writes else contextlib.nullcontext(), _recorded(run, world):
        if terminal:
            run.clear_stop()
            run.write_status("preparing")
            terminal.say(f"Run directory: {run.directory}")
        trainer = _prepared(recipe, run, world, terminal)
        _restore(trainer, run, terminal)
        if world.writes:
            run.write_status("running")
            run.log(f"Training goes on at step {trainer.progress.step}.")
        with _signals() as asked:
            finished = trainer.train(
                lambda: bool(asked) or (world.writes and run.stop_requested()),
                terminal.learning if terminal else lambda line: None,
            )
        if terminal:
            run.write_status("finished" if finished else "stopped")
            run.log(f"{'Finished' if finished else 'Stopped'} at step {trainer.progress.step}.")
            terminal.say(_farewell(finished, trainer, run))
    return 0


def _directory(options: argparse.Namespace, recipe: Recipe) -> Path:
    if options.resume:
        return Run.open(options.resume).directory
    return Run.create(options.runs or default_runs(), options.name or options.recipe.stem, recipe.to_toml()).directory


def _prepared(recipe: Recipe, run: Run, world: World, terminal: Terminal | None) -> Trainer:
    """A trainer at its first step. Rank 0 reads the corpus while the others wait for it."""
    cache = default_cache() / "corpora"
    if terminal:
        preparation.prepare(recipe, run, cache, terminal.preparing)
    world.tell(None)
    tokenizer, corpus = preparation.prepare(recipe, run, cache)
    if terminal:
        _report(corpus, terminal)
        if not run.baselines():
            run.write_baselines(preparation.measure_baselines(recipe, tokenizer, corpus.train))
    return Trainer(recipe, run, world, tokenizer, corpus, preparation.network(recipe, len(tokenizer.tokens)))


def _report(corpus: Corpus, terminal: Terminal) -> None:
    found = corpus.report
    terminal.say(
        f"{found.documents:,} documents, {found.sentences:,} sentences, {found.tokens:,} tokens; "
        f"{found.duplicate_documents:,} documents and {found.duplicate_paragraphs:,} paragraphs are there twice."
    )


def _restore(trainer: Trainer, run: Run, terminal: Terminal | None) -> None:
    """Puts the run back to its last state, and takes away what it wrote after that."""
    state = run.load_state() if run.state_path.exists() else None
    if state is not None:
        trainer.restore(state)
    if terminal:
        run.cut_metrics(state["metrics_size"] if state else 0)
        run.drop_snapshots_after(trainer.progress.step if state else -1)
    trainer.world.tell(None)  # nobody writes before that


def _farewell(finished: bool, trainer: Trainer, run: Run) -> str:
    if finished:
        return f"Finished: {run.snapshot_path(trainer.progress.step)} opens in the explorer."
    return f"Stopped at step {trainer.progress.step:,}; go on with: pretrain --resume {run.directory}"


@contextlib.contextmanager
def _recorded(run: Run, world: World) -> Iterator[None]:
    """Writes into the run directory why it ended, where it fails."""
    try:
        yield
    except BaseException as error:
        if world.writes:
            with contextlib.suppress(OSError):  # a full disk must not hide what was to be said
                expected = isinstance(error, ValueError | OSError | KeyboardInterrupt)
                run.write_status("failed", str(error) if expected else repr(error))
                run.log(f"Failed: {error!r}")
        raise


@contextlib.contextmanager
def _signals() -> Iterator[list[int]]:
    """The signals that asked to stop so far. A second Ctrl+C ends at once."""
    asked: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        asked.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
