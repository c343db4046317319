"""The directory that records one training run: what was asked, how far it came, and all it needs to go on.

The window and the command line are two readers of the same directory; the training process is its only writer, and
holds the lock of it for as long as it lives. Metrics and log are appended to (a resume cuts the metrics that follow its
state); everything else is written aside and renamed, so a reader sees the former or the new one and nothing between.
``kill -9`` at any instant loses at most what came after the last state. Importing this loads no torch.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shutil
import socket
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import platformdirs
from filelock import FileLock, Timeout

from model.training import files
from model.training.history import LineReader

_APP = "bert-explorer"
_LOCK_PATIENCE = 1.0  # seconds: a reader that looks whether a process is alive holds the lock for an instant
_STARTING_TAKES = 30.0  # seconds until a process that was started has loaded torch, at most
_UNFINISHED = ("starting", "preparing", "running")
_STATES = (*_UNFINISHED, "stopped", "finished", "failed")
_SNAPSHOT = re.compile(r"step-(\d{6,})")
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # no file of Windows may have such a name
_UNFIT = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f\ud800-\udfff]')  # in a file's name, on some system


def default_runs() -> Path:
    """Where runs go unless someone says otherwise: the user's data folder. It need not exist yet."""
    return platformdirs.user_data_path(_APP, appauthor=False) / "runs"


def default_cache() -> Path:
    """Where prepared corpora go: what can be computed again. It need not exist yet."""
    return platformdirs.user_cache_path(_APP, appauthor=False)


def list_runs(runs: Path) -> list[Run]:
    """The runs in the folder ``runs``, the newest first; none where there is no such folder."""
    if not runs.is_dir():
        return []
    runs = runs.absolute()
    with files.said_in_a_sentence(runs, "read"):
        found = [Run(folder) for folder in runs.iterdir() if _is_run(folder)]
        return sorted(found, key=lambda run: (-_asked_at(run), run.name))


def snapshot_at(directory: Path) -> tuple[Run, int] | None:
    """The run that a model directory is a snapshot of, and its step; None for any other directory."""
    match = _SNAPSHOT.fullmatch(directory.name)
    if match is None or directory.parent.name != "snapshots" or not _is_run(directory.parents[1]):
        return None
    return Run(directory.parents[1]), int(match[1])


@dataclass(frozen=True)
class Status:
    """How a run stands. ``alive``: a process is at work on it now, or about to be, whatever ``status.json`` says."""

    # "starting", "preparing", "running", "stopped", "finished", "failed"; "interrupted": it ended without saying so
    state: str
    alive: bool
    reason: str = ""
    pid: int | None = None
    host: str = ""
    time: datetime | None = None  # of the last change, with its time zone


@dataclass(frozen=True)
class Run:
    """One run directory. ``Run.create`` and ``Run.open`` check what this constructor takes as given.

    What cannot be read or written raises ``OSError``, what is damaged or unfit ``ValueError``: one sentence each.
    """

    directory: Path

    @classmethod
    def create(cls, runs: Path, name: str, recipe_text: str) -> Run:
        """A new run directory in ``runs``, its ``recipe.toml`` written; NAME-2, NAME-3 … where the name is taken.

        Two processes that ask at the same time get two directories.
        """
        require_name(name)
        with files.said_in_a_sentence(runs, "written"):
            runs.mkdir(parents=True, exist_ok=True)
        run = cls(_make_folder(runs.absolute(), name))
        try:
            files.replace_text(run.recipe_path, recipe_text, durable=True)
        except OSError:
            with contextlib.suppress(OSError):
                run.directory.rmdir()
            raise
        return run

    @classmethod
    def open(cls, directory: Path) -> Run:
        """The run in ``directory``."""
        if not directory.exists():
            raise FileNotFoundError(f"{directory} does not exist: choose the folder of a run.")
        if not _is_run(directory):
            raise ValueError(f"{directory} is no run: choose a folder that holds a recipe.toml.")
        return cls(directory.absolute())

    @property
    def name(self) -> str:
        return self.directory.name

    @property
    def recipe_path(self) -> Path:
        return self.directory / "recipe.toml"

    @property
    def metrics_path(self) -> Path:
        return self.directory / "metrics.jsonl"

    @property
    def state_path(self) -> Path:
        return self.directory / "state.pt"

    def renamed(self, name: str) -> Run:
        """The same run under another name. ``ValueError`` where the name is unfit or taken, or the run is in use."""
        require_name(name)
        self.require_idle()
        target = self.directory.with_name(name)
        if target.exists():
            raise ValueError(f"There is already something called {name} among the runs: choose another name.")
        with files.said_in_a_sentence(self.directory, "renamed"):
            return Run(self.directory.rename(target))

    def export(self, folder: Path) -> Path:
        """Copies the last snapshot, a Hugging Face directory, into ``folder`` under the run's name; gives back where.

        What is there already stays: the copy is then called NAME-2, NAME-3 …
        """
        snapshots = self.snapshots()
        if not snapshots:
            raise ValueError(f"The run {self.name} has no snapshot yet: there is nothing to export.")
        with files.said_in_a_sentence(folder, "written"):
            target = _make_folder(folder, self.name)
            try:
                shutil.copytree(snapshots[-1][1], target, dirs_exist_ok=True)
            except shutil.Error as error:  # of each file that could not be copied: from, to, why
                shutil.rmtree(target, ignore_errors=True)
                raise OSError(f"{target} cannot be written: {error.args[0][0][2]}.") from error
        return target

    # Who works on it

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Held by the one process that writes here. The kernel releases it when that process ends, however it ends.

        Raises ``ValueError`` naming the process that holds it, where ``status.json`` tells.
        """
        lock = FileLock(self.directory / "lock", thread_local=False)
        try:
            with files.said_in_a_sentence(self.directory, "written"):
                lock.acquire(timeout=_LOCK_PATIENCE)
        except Timeout as error:
            raise ValueError(
                f"The run {self.name} is in use by {self._holder()}: stop that one or wait until it has ended."
            ) from error
        try:
            yield
        finally:
            lock.release()

    def require_idle(self) -> None:
        """``ValueError`` while a process is at work here, or about to be."""
        if self.status().alive:
            raise ValueError(f"The run {self.name} is in use by {self._holder()}: stop it first.")

    def is_alive(self) -> bool:
        """Whether a process holds the lock. A pid would not tell: another program may have the number by now."""
        path = self.directory / "lock"
        if not path.exists():
            return False
        try:
            with FileLock(path).acquire(blocking=False):
                return False
        except Timeout:
            return True
        except OSError:  # a folder that may only be read: its status is all there is to go by
            return self._status_fields().get("state") in _UNFINISHED

    def status(self) -> Status:
        """How the run stands: the state that was written last, or "interrupted" where its process died before that."""
        alive = self.is_alive()  # asked first: a run that ends in between has written its last state by then
        fields = self._status_fields()
        state = fields.get("state")
        if state not in _STATES:
            state = "preparing"
        alive = alive or (state in _UNFINISHED and self.is_alive())  # it may have begun in between
        pid, host, reason = fields.get("pid"), fields.get("host"), fields.get("reason")
        try:
            moment = datetime.fromisoformat(fields.get("time", ""))
        except (TypeError, ValueError):
            moment = None
        if state == "starting" and not alive and moment is not None:  # it takes the lock once it has loaded
            alive = abs((datetime.now().astimezone() - moment).total_seconds()) < _STARTING_TAKES
        return Status(
            state="interrupted" if state in _UNFINISHED and not alive else state,
            alive=alive,
            reason=reason if isinstance(reason, str) else "",
            pid=pid if isinstance(pid, int) else None,
            host=host if isinstance(host, str) else "",
            time=moment,
        )

    def write_status(self, state: str, reason: str = "") -> None:
        """Replace ``status.json``: ``state`` of this process, and why in a sentence where there is something to say.

        "starting" is written by whoever starts the process, which cannot speak for itself yet.
        """
        if state not in _STATES:
            raise ValueError(f"A run cannot be {state!r}: it is {', '.join(_STATES)}.")
        fields = {"pid": os.getpid(), "host": socket.gethostname(), "state": state, "reason": reason, "time": _now()}
        files.replace_json(self.directory / "status.json", fields)

    # What it tells

    def append_metrics(self, row: Mapping[str, Any]) -> None:
        """Add a line to ``metrics.jsonl``; numbers that are not finite become null. All of it is written or nothing."""
        line = json.dumps(files.finite(row), allow_nan=False) + "\n"
        files.append(self.metrics_path, line.encode("utf-8"))

    def metrics(self) -> list[dict[str, Any]]:
        """The rows of ``metrics.jsonl``, in order, with every field they have; a torn last line is left out."""
        reader, rows = LineReader(self.metrics_path), []
        while lines := reader.read().lines:
            rows += [row for line in lines if (row := files.read_object(line)) is not None]
        return rows

    def cut_metrics(self, size: int) -> None:
        """Drop what follows the first ``size`` bytes of ``metrics.jsonl``, the ``metrics_size`` of a state."""
        with files.said_in_a_sentence(self.metrics_path, "written"):
            if files.size(self.metrics_path) > size:  # never longer: the file would be filled up with zeros
                os.truncate(self.metrics_path, size)

    def write_batch(self, batch: Mapping[str, Any]) -> None:
        """Replace ``batch.json``: the batch being learnt, for people to look at."""
        files.replace_json(self.directory / "batch.json", batch)

    def batch(self) -> dict[str, Any] | None:
        """The latest batch that was written; None before the first."""
        return files.read_object(self.directory / "batch.json")

    def write_baselines(self, baselines: Mapping[str, float]) -> None:
        """Replace ``baselines.json``: by name, the losses and shares that a curve is measured against."""
        files.replace_json(self.directory / "baselines.json", baselines)

    def baselines(self) -> dict[str, Any]:
        """What ``write_baselines`` wrote; empty before that."""
        return files.read_object(self.directory / "baselines.json") or {}

    def write_corpus(self, counts: Mapping[str, int]) -> None:
        """Replace ``corpus.json``: what the texts hold, by the names of ``corpus.Report``."""
        files.replace_json(self.directory / "corpus.json", counts)

    def corpus(self) -> dict[str, Any]:
        """What ``write_corpus`` wrote; empty before that, and in runs that are older than it."""
        return files.read_object(self.directory / "corpus.json") or {}

    def log(self, text: str) -> None:
        """Add ``text`` with the time to ``log.txt``.

        Where that cannot be written it is lost without a word: the error that was to be logged must not be hidden.
        """
        with contextlib.suppress(OSError):
            files.append(self.directory / "log.txt", f"{_now()}  {text}\n".encode("utf-8", "replace"))

    # What it needs to go on

    def save_state(self, state: Mapping[str, Any]) -> None:
        """Replace ``state.pt``, and remember the size of ``metrics.jsonl`` beside it as ``metrics_size``.

        ``state`` holds dicts, lists, tuples, tensors and plain values. Where it cannot be written, the former state
        stays as it was, nothing is left beside it and ``OSError`` says why.
        """
        import torch

        content = {**state, "metrics_size": files.size(self.metrics_path)}
        _require_plain(content, "state")
        try:
            files.replace(self.state_path, lambda file: torch.save(content, file), durable=True)
        except RuntimeError as error:  # torch says that a position is unexpected; what the system said came before
            if not isinstance(error.__context__, OSError):
                raise
            with files.said_in_a_sentence(self.state_path, "written"):
                raise error.__context__ from None

    def load_state(self) -> dict[str, Any]:
        """What was saved last, on the CPU, with ``metrics_size`` for ``cut_metrics``."""
        import torch

        if not self.state_path.exists():
            raise FileNotFoundError(
                f"The run {self.name} has no state to go on from: it ended before the first one; start it anew."
            )
        damaged = f"{self.state_path} is damaged: start the run anew; its snapshots still open as models."
        with files.said_in_a_sentence(self.state_path, "read"):
            try:
                with zipfile.ZipFile(self.state_path) as archive:
                    spoilt = archive.testzip()  # compares the checksums, which torch does not
                state = {} if spoilt else torch.load(self.state_path, map_location="cpu", weights_only=True)
            except Exception as error:  # which one, depends on the bytes that are damaged; EINVAL: a place outside
                if isinstance(error, MemoryError) or getattr(error, "errno", errno.EINVAL) != errno.EINVAL:
                    raise
                raise ValueError(damaged) from error
        if "metrics_size" not in state:
            raise ValueError(damaged)
        return state

    def snapshot_path(self, step: int) -> Path:
        """Where the model after ``step`` steps goes; ``model.checkpoint.save`` makes it appear there complete."""
        return self.directory / "snapshots" / f"step-{step:06d}"

    def snapshots(self) -> list[tuple[int, Path]]:
        """(step, Hugging Face directory) of each complete snapshot, the earliest first."""
        found = []
        for path in self._snapshot_folder():
            if (match := _SNAPSHOT.fullmatch(path.name)) and (path / "config.json").is_file():
                found.append((int(match[1]), path))
        return sorted(found)

    def drop_snapshots_after(self, step: int) -> None:
        """Remove what a resume at ``step`` will make again, and what a process that was killed left half written."""
        with files.said_in_a_sentence(self.directory / "snapshots", "written"):
            for path in self._snapshot_folder():
                if path.name.startswith(".step-"):
                    shutil.rmtree(path)
            for later, path in self.snapshots():
                if later > step:  # out of sight first: what is half removed is no snapshot
                    shutil.rmtree(path.rename(path.with_name(f".{path.name}-dropped")))

    # What is asked of it

    def stop_requested(self) -> bool:
        """Whether someone asked the process to save and end."""
        return (self.directory / "stop").exists()

    def request_stop(self) -> None:
        """Ask the process to save and end; it looks after each step."""
        with files.said_in_a_sentence(self.directory / "stop", "written"):
            (self.directory / "stop").touch()

    def clear_stop(self) -> None:
        """Take back what ``request_stop`` asked."""
        with files.said_in_a_sentence(self.directory / "stop", "written"):
            (self.directory / "stop").unlink(missing_ok=True)

    def _snapshot_folder(self) -> list[Path]:
        folder = self.directory / "snapshots"
        return list(folder.iterdir()) if folder.is_dir() else []

    def _status_fields(self) -> dict[str, Any]:
        return files.read_object(self.directory / "status.json") or {}

    def _holder(self) -> str:
        fields = self._status_fields()
        if fields.get("state") in _UNFINISHED and "pid" in fields:  # else they are those of the process before
            return f"process {fields['pid']} on {fields.get('host') or 'an unnamed computer'}"
        return "another process"


def _asked_at(run: Run) -> int:
    """When its recipe was written, nanoseconds since 1970; 0 where it is just being deleted."""
    try:
        return run.recipe_path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _is_run(folder: Path) -> bool:
    return (folder / "recipe.toml").is_file()


def require_name(name: str) -> None:
    """Raises ``ValueError`` for a name of a run that some system would refuse, hide or take for something else."""
    if not name.strip():
        raise ValueError("A run needs a name: give it one.")
    fit = not _UNFIT.search(name) and not _DEVICES.fullmatch(name) and not name.startswith((".", "-", " "))
    if not fit or name.endswith((".", " ")) or len(name.encode("utf-8", "replace")) > 200:
        raise ValueError(f"{name!r} cannot be the name of a run: choose a short one of letters, digits, - and _.")


def _make_folder(runs: Path, name: str) -> Path:
    number = 1
    while True:
        folder = runs / (name if number == 1 else f"{name}-{number}")
        with files.said_in_a_sentence(folder, "written"):
            try:
                folder.mkdir()  # makes it or fails, in one step
                return folder
            except FileExistsError:
                number += 1


def _require_plain(value: Any, place: str) -> None:
    """``TypeError`` for what would be saved, but not be read with ``weights_only``, a NumPy number for example."""
    import torch

    if isinstance(value, dict):
        for key, entry in value.items():
            _require_plain(key, f"a key of {place}")
            _require_plain(entry, f"{place}[{key!r}]")
    elif isinstance(value, list | tuple):
        for index, entry in enumerate(value):
            _require_plain(entry, f"{place}[{index}]")
    elif not isinstance(value, torch.Tensor) and type(value) not in (bool, int, float, str, bytes, type(None)):
        raise TypeError(f"{place} is a {type(value).__name__}, which a state cannot hold.")


def _now() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")
