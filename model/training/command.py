"""``main.py pretrain``: a run without a window, alone or under ``torchrun``.

``options`` has recipe and resume (a path or None), runs (a path or None), name (a text or None), dry_run, json.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import NoReturn

from model.training import preparation
from model.training.corpus import Corpus, Progress
from model.training.distributed import World
from model.training.recipe import Recipe
from model.training.run import Run, default_cache, default_runs
from model.training.terminal import Terminal, duration
from model.training.trainer import Trainer

_STATUS_EVERY = 0.5  # seconds between two reports of how far the preparation is


def run(options: argparse.Namespace) -> int:
    """Carries out the command; ``ValueError`` or ``OSError`` with a sentence where that cannot be."""
    if bool(options.recipe) == bool(options.resume):
        raise ValueError("Name either a recipe or, with --resume, the directory of a run.")
    if options.json and not options.dry_run:
        raise ValueError("--json says what a run would take: add --dry-run.")
    world = World.join()
    try:
        if options.dry_run:
            return _dry_run(_recipe(options), world, as_json=options.json) if world.writes else 0
        return _train(options, world)
    finally:
        world.leave()


def _recipe(options: argparse.Namespace) -> Recipe:
    return Recipe.read(Run.open(options.resume).recipe_path if options.resume else options.recipe)


def _dry_run(recipe: Recipe, world: World, *, as_json: bool) -> int:
    from model.training.estimate import estimate

    terminal, found = Terminal(recipe, sys.stdout), estimate(recipe, world.device)
    if as_json:
        terminal.say(json.dumps(dataclasses.asdict(found)))
        return 0
    memory = f"{found.memory / 1e9:.1f} GB" if found.memory else "an unknown amount"
    terminal.say(f"{found.parameters:,} parameters, {memory} of memory")
    terminal.say(f"{found.steps:,} steps, up to {found.tokens:,} tokens")
    terminal.say(f"about {duration(found.seconds)} of training on this machine ({world.device.type})")
    return 0


def _train(options: argparse.Namespace, world: World) -> int:
    run, recipe = _begun(options, world)
    terminal = Terminal(recipe, sys.stdout) if world.writes else None
    # Rank 0 holds the lock of the directory.
    with run.lock() if world.writes else contextlib.nullcontext(), _recorded(run, world), _signals() as asked:

        def stop() -> bool:
            return bool(asked) or (world.writes and run.stop_requested())

        if terminal:
            if run.status().state != "starting":  # what is asked of a process that is only just starting holds
                run.clear_stop()
            run.write_status("preparing")
            terminal.say(f"Run directory: {run.directory}")
        trainer = _prepared(recipe, run, world, terminal, stop)
        finished = trainer is not None and _trained(trainer, run, terminal, stop)
        if terminal:
            step = trainer.progress.step if trainer else 0
            run.write_status("finished" if finished else "stopped")
            run.log(f"{'Finished' if finished else 'Stopped'} at step {step}.")
            terminal.say(_farewell(finished, step, run))
    return 0


def _begun(options: argparse.Namespace, world: World) -> tuple[Run, Recipe]:
    """The run that rank 0 opens or makes, told to the others."""
    begun = None
    try:
        if world.writes:
            recipe = _recipe(options)
            begun = Run(_directory(options, recipe)), recipe
    finally:
        begun = world.tell(begun)  # also where it fails: the others must not wait
    if begun is None:
        _leave_the_word_to_rank_0()
    return begun


def _directory(options: argparse.Namespace, recipe: Recipe) -> Path:
    if options.resume:
        return Run.open(options.resume).directory
    return Run.create(options.runs or default_runs(), options.name or options.recipe.stem, recipe.to_toml()).directory


def _prepared(
    recipe: Recipe, run: Run, world: World, terminal: Terminal | None, stop: Callable[[], bool]
) -> Trainer | None:
    """A trainer at its first step; None where someone asked to stop before it. The others wait while rank 0 reads."""
    cache = default_cache() / "corpora"
    made = None
    if terminal:
        with contextlib.suppress(_Stopped):
            made = preparation.prepare(recipe, run, cache, _until(stop, terminal.preparing, _recording(run)))
    if not world.tell(made is not None):
        return None
    tokenizer, corpus = made or preparation.prepare(recipe, run, cache)
    if terminal:
        _report(corpus, terminal)
        run.write_corpus(dataclasses.asdict(corpus.report))
        if not run.baselines():
            run.write_baselines(preparation.measure_baselines(recipe, tokenizer, corpus.train))
    return Trainer(recipe, run, world, tokenizer, corpus, *preparation.network(recipe, len(tokenizer.tokens)))


class _Stopped(Exception):  # noqa: N818 - it is none
    """Someone asked to stop before the first step."""


def _until(stop: Callable[[], bool], *listeners: Progress) -> Progress:
    """Tells all ``listeners``, and ends what it is told of once ``stop`` says so."""

    def told(doing: str, share: float) -> None:
        if stop():
            raise _Stopped
        for listener in listeners:
            listener(doing, share)

    return told


def _recording(run: Run) -> Progress:
    """Keeps ``status.json`` up to date on how far the preparation is."""
    written = float("-inf")

    def told(doing: str, share: float) -> None:
        nonlocal written
        if time.monotonic() - written > _STATUS_EVERY:
            written = time.monotonic()
            run.write_status("preparing", f"{doing}: {share:.0%}")

    return told


def _trained(trainer: Trainer, run: Run, terminal: Terminal | None, stop: Callable[[], bool]) -> bool:
    """Goes on from the last state, if there is one; whether the end was reached."""
    _restore(trainer, run, terminal)
    if terminal:
        run.write_status("running")
        run.log(f"Training goes on at step {trainer.progress.step}.")
    return trainer.train(stop, terminal.learning if terminal else lambda line: None)


def _report(corpus: Corpus, terminal: Terminal) -> None:
    found = corpus.report
    terminal.say(
        f"{found.documents:,} documents, {found.sentences:,} sentences, {found.tokens:,} tokens; "
        f"{found.duplicate_documents:,} documents and {found.duplicate_paragraphs:,} paragraphs repeat others."
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


def _farewell(finished: bool, step: int, run: Run) -> str:
    if finished:
        return f"Finished: {run.snapshot_path(step)} opens in the explorer."
    return f"Stopped at step {step:,}; go on with: pretrain --resume {run.directory}"


@contextlib.contextmanager
def _recorded(run: Run, world: World) -> Iterator[None]:
    """Writes into the run directory why it ended, where it fails. Of several processes one says why."""
    try:
        yield
    except Exception as error:
        if world.writes:
            with contextlib.suppress(OSError):  # a full disk must not hide what was to be said
                run.write_status("failed", str(error) if isinstance(error, ValueError | OSError) else repr(error))
                run.log(f"Failed: {error!r}")
        elif _has_failed(run):  # and so lost the connection to this one, or found the same
            _leave_the_word_to_rank_0()
        raise


def _has_failed(run: Run) -> bool:
    """Whether the process that writes has failed; it may need a moment to say so."""
    for _ in range(50):
        if run.status().state == "failed":
            return True
        time.sleep(0.1)
    return False


def _leave_the_word_to_rank_0() -> NoReturn:
    time.sleep(2)  # torchrun ends the others once one has ended, and rank 0 has yet to speak
    raise SystemExit(2)


@contextlib.contextmanager
def _signals() -> Iterator[list[int]]:
    """The signals that asked to stop so far. A second Ctrl+C ends at once."""
    asked: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        asked.append(number)

    numbers = [signal.SIGINT, signal.SIGTERM]
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # that is what nohup is for
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, note) for number in numbers}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
