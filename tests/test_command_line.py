"""What a user sees of the command line before any model or window is involved."""

import argparse
import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from explorer import __main__ as door
from explorer import paths, system_libraries
from model.config import BertConfig
from tests.test_imports import ROOT, loaded_by

Seen = list[argparse.Namespace]


@pytest.fixture
def carry_out(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Makes every command do the given thing instead of its own."""

    def replace(action: Callable[[], object]) -> None:
        monkeypatch.setattr(door, "_command", lambda options: lambda _: action() and 0)

    return replace


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    """The options that commands were given, none of them carried out."""
    options: Seen = []

    def command(given: argparse.Namespace) -> Callable[[argparse.Namespace], int]:
        return lambda _: options.append(given) or 0

    monkeypatch.setattr(door, "_command", command)
    return options


@pytest.mark.parametrize("door", [["main.py"], ["-m", "explorer"]])
def test_every_door_shows_the_same_help(door: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, *door, "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.stdout.startswith("usage: bert-explorer")
    assert "snapshot" in done.stdout


def test_help_waits_for_neither_torch_nor_qt() -> None:
    asking = "import contextlib, explorer.__main__ as door\nwith contextlib.suppress(SystemExit): door.main(['--help'])"
    assert loaded_by(asking) == set()


def test_snapshot_passes_on_what_was_asked(seen: Seen) -> None:
    line = "snapshot --out pictures --model m --text one --pair two --mask 2 --mask 5 --theme dark --size 800x600"
    assert door.main([*line.split(), "--scale", "1.5"]) == 0
    (options,) = seen
    assert (options.out, options.model) == (Path("pictures"), Path("m"))
    assert (options.text, options.pair, options.mask) == ("one", "two", [2, 5])
    assert (options.theme, options.size, options.scale) == ("dark", (800, 600), 1.5)


def test_a_model_named_before_the_command_counts(seen: Seen) -> None:
    door.main(["--model", "m", "snapshot", "--out", "pictures"])
    assert seen[0].model == Path("m")


@pytest.mark.parametrize("line", ["mine.bertx", "--session mine.bertx", "--session=mine.bertx"])
def test_a_session_is_opened_by_its_name(seen: Seen, line: str) -> None:
    door.main(line.split())
    assert (seen[0].command, seen[0].session) == (None, Path("mine.bertx"))


def test_a_model_or_an_output_folder_may_be_called_like_a_session(seen: Seen) -> None:
    door.main(["--model", "mine.bertx"])
    door.main(["snapshot", "--out", "mine.bertx"])
    assert (seen[0].model, seen[0].session, seen[1].out) == (Path("mine.bertx"), None, Path("mine.bertx"))


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("snapshot", "--out"),
        ("snapshot --out x --size 800", "'800'"),
        ("snapshot --out x --size 0x600", "'0x600'"),
        ("snapshot --out x --size 100000x600", "'100000x600'"),
        ("snapshot --out x --scale none", "'none'"),
        ("snapshot --out x --mask two", "'two'"),
        ("snapshot --out x --theme blue", "'blue'"),
        ("paint", "'paint'"),
        ("--model m mine.bertx", "a model"),
        ("--session mine.bertx snapshot --out x", "a command"),
    ],
)
def test_a_wrong_argument_is_named_in_one_sentence(line: str, named: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        door.main(line.split())
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert named in said
    assert said.count("\n") == 1


@pytest.fixture
def no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)


def test_without_a_screen_the_pictures_are_written_instead(
    seen: Seen, no_screen: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert door.main(["--model", "m"]) == 0
    assert (seen[0].command, seen[0].out, seen[0].model) == ("snapshot", Path("snapshots"), Path("m"))
    assert "no screen" in capsys.readouterr().err


def test_without_a_screen_a_session_is_not_opened(
    seen: Seen, no_screen: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        door.main(["mine.bertx"])
    assert "no screen to open a session" in capsys.readouterr().err
    assert seen == []


def test_a_foreseen_failure_is_one_sentence(carry_out: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    carry_out(lambda: BertConfig.from_fields({"model_type": "gpt2"}))
    assert door.main(["snapshot", "--out", "x"]) == 2
    said = capsys.readouterr().err
    assert "'gpt2'" in said
    assert said.count("\n") == 1


def test_a_file_that_is_not_there_is_one_sentence(
    carry_out: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    carry_out((tmp_path / "absent").read_bytes)
    assert door.main(["snapshot", "--out", "x"]) == 2
    assert "absent: No such file or directory\n" in capsys.readouterr().err


@pytest.mark.parametrize("slip", [lambda: 1 / 0, lambda: {}["x"]])
def test_a_slip_of_ours_keeps_its_traceback(slip: Callable[[], object], carry_out: Callable[..., None]) -> None:
    carry_out(slip)
    with pytest.raises((ArithmeticError, LookupError)):
        door.main(["snapshot", "--out", "x"])


def test_a_system_library_that_is_missing_is_named_with_its_package(
    carry_out: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    def import_qt() -> None:
        raise ImportError("libEGL.so.1: cannot open shared object file: No such file or directory")

    carry_out(import_qt)
    assert door.main(["snapshot", "--out", "x"]) == 2
    said = capsys.readouterr().err
    assert "apt-get install libegl1" in said
    assert said.count("\n") == 1


def test_a_python_package_that_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    present = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "torch" else present(name))
    assert door.main(["snapshot", "--out", "x"]) == 2
    assert "pip install torch\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("environment", "lacking", "packages"),
    [
        ({"DISPLAY": ":0"}, {"libxcb-cursor.so.0"}, ["libxcb-cursor0"]),
        ({"DISPLAY": ":0", "QT_QPA_PLATFORM": "offscreen"}, {"libxcb-cursor.so.0"}, []),
        ({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}, {"libwayland-cursor.so.0"}, []),
        ({"WAYLAND_DISPLAY": "wayland-0"}, {"libwayland-cursor.so.0"}, ["libwayland-cursor0"]),
        ({}, {"libxcb-cursor.so.0", "libwayland-cursor.so.0"}, []),
    ],
)
def test_a_display_whose_libraries_are_missing_is_found_before_qt_aborts(
    environment: dict[str, str], lacking: set[str], packages: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system_libraries, "_loads", lambda library: library not in lacking)
    assert system_libraries.missing_for_display(environment) == packages


def test_a_checkout_finds_its_resources() -> None:
    assert paths.resources() == ROOT / "resources"


def test_a_frozen_program_finds_its_resources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "resources").mkdir()
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bert-explorer"))
    assert paths.resources() == tmp_path / "resources"


@pytest.mark.skipif(sys.platform != "linux", reason="the folders' names are the platform's")
def test_the_users_folders_follow_the_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert paths.data_folder() == tmp_path / "data" / "bert-explorer"
    assert paths.config_folder() == tmp_path / "config" / "bert-explorer"
