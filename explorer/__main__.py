"""The door: picks the command and turns what can be expected to fail into one sentence and exit code 2.

Nothing heavy is imported at the top, so that ``--help`` answers at once and what is missing can still be named.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NoReturn

from explorer import system_libraries

_SESSION = ".bertx"
_COMMANDS = {"snapshot", "pretrain", "score"}
_WINDOWLESS = {"pretrain", "score"}
_WIDEST = 8_192  # points of a snapshot along each side

_NEEDED = {
    "PySide6": "PySide6-Essentials",
    "pyqtgraph": "pyqtgraph",
    "torch": "torch",
    "tokenizers": "tokenizers",
    "safetensors": "safetensors",
    "numpy": "numpy",
    "platformdirs": "platformdirs",
    "sentencex": "sentencex",
    "filelock": "filelock",
}
_WINDOW = {"PySide6", "pyqtgraph"}  # a machine that trains need not have them


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give back the exit code of the process."""
    # Two teams of OpenMP threads spinning on two cores leave a tenth of the throughput. Read when torch loads.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # NumPy's are told nothing of that: they spin on after a product that one thread has done in no time.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    parser = _parser()
    options = parser.parse_args(_with_session_named(sys.argv[1:] if arguments is None else arguments))
    if options.session and (options.model or options.command):
        parser.error("a session is opened by itself, without a model or a command")
    if options.command is None and _no_screen():
        if options.session:
            parser.error("there is no screen to open a session on")
        _say("There is no screen to open a window on, so pictures of every tab are written to snapshots/ instead.")
        model = ["--model", str(options.model)] if options.model else []
        options = parser.parse_args([*model, "snapshot", "--out", "snapshots"])
    try:
        _require_packages(_NEEDED.keys() - (_WINDOW if options.command in _WINDOWLESS else set()))
        return _command(options)(options)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if (sentence := _expected(error)) is None:
            raise
        _say(sentence)
        return 2


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in one sentence, without the usage above it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{message[:1].upper()}{message[1:]}; see {self.prog} --help.\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="bert-explorer",
        description="Ask a BERT a question and see everything it did to answer. Without a command, opens the window.",
    )
    parser.add_argument("--model", type=Path, metavar="DIR", help="a Hugging Face directory to open")
    parser.add_argument(
        "--session", type=Path, metavar=f"FILE{_SESSION}", help="a saved session to open; the file's name alone will do"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    snapshot = commands.add_parser(
        "snapshot", help="write every tab as a picture, and the trace as trace.json and trace.npz"
    )
    snapshot.add_argument("--out", type=Path, metavar="DIR", required=True, help="the folder to write to")
    # SUPPRESS: a --model before the word snapshot stays.
    snapshot.add_argument("--model", type=Path, metavar="DIR", default=argparse.SUPPRESS, help="as for the window")
    snapshot.add_argument("--text", metavar="TEXT", help="sentence A; without it, the first example")
    snapshot.add_argument("--pair", metavar="TEXT", help="sentence B")
    snapshot.add_argument(
        "--mask", type=int, action="append", default=[], metavar="N", help="a position; may be repeated"
    )
    snapshot.add_argument("--theme", choices=("light", "dark"), default="light", help="default: %(default)s")
    snapshot.add_argument(
        "--size", type=_size, default="1440x900", metavar="WxH", help="in points; default: %(default)s"
    )
    snapshot.add_argument("--scale", type=_scale, default="2", metavar="X", help="pixels a point; default: %(default)s")
    pretrain = commands.add_parser("pretrain", help="train a BERT from plain text, without a window")
    pretrain.add_argument("recipe", type=Path, nargs="?", metavar="RECIPE.toml", help="what to train, and on what")
    pretrain.add_argument("--resume", type=Path, metavar="RUN", help="go on with this run directory instead")
    pretrain.add_argument("--runs", type=Path, metavar="DIR", help="where run directories go; else the user's data")
    pretrain.add_argument("--name", metavar="NAME", help="the run's name; else that of the recipe's file")
    pretrain.add_argument("--dry-run", action="store_true", help="say what it would take on this machine, and end")
    pretrain.add_argument("--json", action="store_true", help="with --dry-run, say it as one line of JSON")
    score = commands.add_parser("score", help="measure a model on the documents that a recipe holds out")
    score.add_argument("scored", type=Path, metavar="DIR", help="a Hugging Face directory")
    score.add_argument("recipe", type=Path, metavar="RECIPE.toml", help="which names the texts")
    score.add_argument(
        "--length", type=_count, default=0, metavar="N", help="tokens of an input; default: the recipe's"
    )
    score.add_argument("--rows", type=_count, default=4096, metavar="N", help="inputs; default: %(default)s")
    return parser


def _with_session_named(arguments: Sequence[str]) -> list[str]:
    """``FILE.bertx`` alone, as a desktop opens a file, is a session: argparse would take it for a command."""
    *others, last = arguments or [""]
    is_option = last.startswith("-") or (others and others[-1].startswith("-"))  # or the value of one
    if last.lower().endswith(_SESSION) and not is_option and not _COMMANDS & {*others}:
        return [*others, f"--session={last}"]
    return list(arguments)


def _size(text: str) -> tuple[int, int]:
    """Width and height in points out of ``1440x900``."""
    width, cross, height = text.lower().partition("x")
    if not (cross and width.isdecimal() and height.isdecimal() and 0 < int(width) <= _WIDEST >= int(height) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 1440x900, of at most {_WIDEST} points a side")
    return int(width), int(height)


def _scale(text: str) -> float:
    try:
        scale = float(text)
    except ValueError:
        scale = 0.0
    if not 0 < scale <= 8:
        raise argparse.ArgumentTypeError(f"{text!r} is not a scale between 0 and 8")
    return scale


def _count(text: str) -> int:
    if not (text.isdecimal() and 0 < int(text) < 10**9):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def _no_screen() -> bool:
    return sys.platform == "linux" and not any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    )


def _command(options: argparse.Namespace) -> Callable[[argparse.Namespace], int]:
    """The function that carries out what was asked; imports Qt, but for training."""
    if options.command == "pretrain":
        from model.training import command

        return command.run
    if options.command == "score":
        from model.training import score

        return score.run
    if options.command == "snapshot":
        if sys.platform == "linux":  # elsewhere Qt's offscreen platform has no fonts
            os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        from explorer import snapshot

        return snapshot.run
    if sys.platform == "linux":
        packages = system_libraries.missing(system_libraries.QT) + system_libraries.missing_for_display(os.environ)
        if packages:
            raise OSError(system_libraries.sentence(packages))
    from explorer import app

    return app.run


def _require_packages(names: Iterable[str]) -> None:
    missing = [_NEEDED[name] for name in names if importlib.util.find_spec(name) is None]
    if missing:
        raise OSError(f"Python packages are missing: run `make run`, or pip install {' '.join(missing)}")


def _expected(error: Exception) -> str | None:
    """The sentence for a failure that we foresaw, None for one that deserves its traceback."""
    if isinstance(error, ImportError) and (library := system_libraries.named_by(error)):
        known = system_libraries.QT | system_libraries.X11 | system_libraries.WAYLAND
        others = system_libraries.missing(system_libraries.QT)
        return system_libraries.sentence(dict.fromkeys([known.get(library, library), *others]))
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, OSError | ValueError):  # what the core and the window raise, each with a sentence
        return str(error)
    return None


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
