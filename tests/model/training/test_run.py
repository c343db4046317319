"""A run directory under what happens to real ones: kill -9, a full disk, two processes, files cut in the middle."""

import contextlib
import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st

import model
from model.training.history import LineReader
from model.training.run import Run, default_cache, default_runs, list_runs

ROOT = Path(__file__).parents[3]
posix_only = pytest.mark.skipif(os.name != "posix", reason="a limit, a signal or a user of POSIX systems")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path / "runs", "first", "schema = 1\n")


@contextlib.contextmanager
def python(program: str, *arguments: object) -> Iterator["subprocess.Popen[str]"]:
    """Another process, which is gone afterwards whatever happens here."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, text=True, stdin=pipe, stdout=pipe, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def output(program: str, *arguments: object) -> list[str]:
    with python(program, *arguments) as process:
        text, _ = process.communicate(timeout=300)
        assert process.returncode == 0
    return text.splitlines()


def is_a_sentence(error: BaseException | str) -> bool:
    text = str(error)
    return text.endswith(".") and "\n" not in text and ": " in text and "[Errno" not in text


# The directory


def test_a_run_is_found_again_with_its_recipe(tmp_path: Path) -> None:
    made = Run.create(tmp_path / "runs", "tiny BERT", "seed = 7\n")
    assert made.directory == tmp_path / "runs" / "tiny BERT"
    assert Run.open(made.directory).recipe_path.read_text(encoding="utf-8") == "seed = 7\n"
    assert [run.name for run in list_runs(tmp_path / "runs")] == ["tiny BERT"]


def test_a_name_that_is_taken_gets_a_number(tmp_path: Path) -> None:
    assert [Run.create(tmp_path, "night", "").name for _ in range(3)] == ["night", "night-2", "night-3"]


def test_runs_that_start_together_never_share_a_directory(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda number: Run.create(tmp_path, "same", f"seed = {number}\n"), range(40)))
    assert len({run.directory for run in made}) == 40
    assert [run.recipe_path.read_text(encoding="utf-8") for run in made] == [f"seed = {n}\n" for n in range(40)]


@pytest.mark.parametrize(
    "name",
    ["", " ", ".", "..", ".hidden", "a/b", "a\\b", "a\0b", "C:", "con", "NUL.txt", "end.", "end ", "-x", "x" * 300],
)
def test_a_name_that_some_system_refuses_is_refused_everywhere(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 the sentence is checked below
        Run.create(tmp_path / "runs", name, "")
    assert is_a_sentence(caught.value)
    assert not (tmp_path / "runs").exists()


def test_another_folder_is_not_taken_for_a_run(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    with pytest.raises(ValueError, match=r"pictures is no run: choose a folder that holds a recipe\.toml\.$"):
        Run.open(tmp_path / "pictures")
    with pytest.raises(FileNotFoundError, match=r"nowhere does not exist: choose the folder of a run\.$"):
        Run.open(tmp_path / "nowhere")
    assert list_runs(tmp_path) == list_runs(tmp_path / "nowhere") == []


def test_the_newest_run_comes_first(tmp_path: Path) -> None:
    for second, name in enumerate(("b", "a", "c")):
        os.utime(Run.create(tmp_path, name, "").recipe_path, (second, second))
    assert [run.name for run in list_runs(tmp_path)] == ["c", "a", "b"]


def test_runs_lie_where_the_application_keeps_what_is_the_users() -> None:
    from explorer import paths

    assert default_runs() == paths.data_folder() / "runs"
    assert default_cache().name == "bert-explorer" or "bert-explorer" in default_cache().parts


def test_looking_at_a_run_does_not_load_torch(run: Run) -> None:
    run.append_metrics({"step": 1})
    run.write_status("stopped")
    program = """
import sys
from pathlib import Path
from model.training import baselines
from model.training.run import list_runs
[run] = list_runs(Path(sys.argv[1]))
print(run.status().state, run.metrics(), run.snapshots(), run.batch(), run.baselines(), "torch" in sys.modules)
"""
    assert output(program, run.directory.parent) == ["stopped [{'step': 1}] [] None {} False"]


# Who works on it

HOLD = """
import sys
from pathlib import Path
from model.training.run import Run
run = Run.open(Path(sys.argv[1]))
with run.lock():
    run.write_status("running")
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(run: Run) -> Iterator["subprocess.Popen[str]"]:
    """Another process that is at work on ``run``."""
    with python(HOLD, run.directory) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process


def test_a_run_in_use_names_the_process_that_uses_it(run: Run, holder: "subprocess.Popen[str]") -> None:
    import socket

    with pytest.raises(ValueError, match="in use") as caught, run.lock():
        pass
    assert is_a_sentence(caught.value)
    assert f"process {holder.pid} on {socket.gethostname()}" in str(caught.value)
    status = run.status()
    assert (status.state, status.alive, status.pid) == ("running", True, holder.pid)


def test_a_run_whose_process_was_killed_is_interrupted_and_can_go_on(run: Run, holder: "subprocess.Popen[str]") -> None:
    holder.kill()
    holder.wait()
    assert (run.status().state, run.status().alive) == ("interrupted", False)
    with run.lock():
        run.write_status("running")
        assert run.status().state == "running"


def test_the_last_word_of_a_run_stands_after_its_process(run: Run) -> None:
    for state in ("stopped", "finished", "failed"):
        with run.lock():
            run.write_status(state, reason="The disk is full.")
        status = run.status()
        assert (status.state, status.alive, status.reason) == (state, False, "The disk is full.")
        assert status.time is not None
        assert status.time.tzinfo is not None


@pytest.mark.parametrize(
    "content", [None, b"", b'{"state": "runn', b"[]", b'{"state": ["running"], "pid": "x", "time": 3}']
)
def test_a_status_that_says_nothing_is_no_obstacle(run: Run, content: bytes | None) -> None:
    if content is not None:
        (run.directory / "status.json").write_bytes(content)
    assert (run.status().state, run.status().pid, run.status().time) == ("interrupted", None, None)
    with run.lock():
        assert (run.status().state, run.status().alive) == ("preparing", True)


def test_a_window_that_looks_while_a_run_starts_does_not_keep_it_from_starting(run: Run) -> None:
    look = FileLock(run.directory / "lock", thread_local=False)  # what a look is, only longer
    look.acquire()
    end = threading.Timer(0.2, look.release)
    end.start()
    with run.lock():
        assert not look.is_locked
    end.join()


def test_looking_writes_nothing(run: Run) -> None:
    before = sorted(run.directory.rglob("*"))
    run.status(), run.metrics(), run.snapshots(), run.stop_requested()
    assert sorted(run.directory.rglob("*")) == before


def test_a_stop_is_asked_for_once_and_taken_back(run: Run) -> None:
    assert not run.stop_requested()
    run.request_stop()
    run.request_stop()
    assert Run.open(run.directory).stop_requested()
    run.clear_stop()
    run.clear_stop()
    assert not run.stop_requested()


# Metrics and log


def test_a_loss_that_is_no_number_leaves_the_file_strict_json(run: Run) -> None:
    run.append_metrics({"step": 1, "loss": float("nan"), "grad_norm_by_layer": [1.5, float("inf")]})
    run.write_batch({"losses": (float("-inf"), 0.25)})

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    for name, row in (("metrics.jsonl", run.metrics()[0]), ("batch.json", run.batch())):
        assert json.loads((run.directory / name).read_text(encoding="utf-8"), parse_constant=refuse) == row
    assert run.metrics() == [{"step": 1, "loss": None, "grad_norm_by_layer": [1.5, None]}]


def test_fields_of_a_newer_program_are_kept_and_lines_that_are_no_rows_passed_over(run: Run) -> None:
    run.metrics_path.write_bytes(
        b'{"step": 1, "of_tomorrow": {"a": [1]}}\n\0\0\n[1]\n\xff\n\n{"step": 2}\n{"step": 3, "lo'
    )
    assert run.metrics() == [{"step": 1, "of_tomorrow": {"a": [1]}}, {"step": 2}]


rows = st.lists(
    st.dictionaries(
        st.text(max_size=4), st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4), max_size=3
    ),
    max_size=6,
)


@given(rows, st.data())
@settings(max_examples=100, deadline=None)
def test_metrics_cut_at_any_byte_read_as_the_rows_before(written: list[dict[str, Any]], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = Run.create(Path(folder), "r", "")
        for row in written:
            run.append_metrics(row)
        whole = run.metrics_path.read_bytes() if written else b""
        size = data.draw(st.integers(0, len(whole)))
        run.metrics_path.write_bytes(whole[:size])
        assert run.metrics() == written[: whole[:size].count(b"\n")]


@given(rows, rows, rows, st.data())
@settings(max_examples=100, deadline=None)
def test_a_curve_that_is_followed_live_is_the_one_read_at_the_end(
    first: list[dict[str, Any]], second: list[dict[str, Any]], third: list[dict[str, Any]], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = Run.create(Path(folder), "r", "")
        reader = LineReader(run.metrics_path)
        sizes = [0]
        for row in first:
            run.append_metrics(row)
            sizes.append(run.metrics_path.stat().st_size)
        assert [json.loads(line) for line in reader.read().lines] == first
        assert reader.read() == ([], False)
        arrived = []
        for row in second:  # a line that arrives in two parts
            line = (json.dumps(row) + "\n").encode()
            middle = data.draw(st.integers(0, len(line)))
            for part in (line[:middle], line[middle:]):
                with run.metrics_path.open("ab") as file:
                    file.write(part)
                arrived += map(json.loads, reader.read().lines)
        assert arrived == second
        kept = data.draw(st.integers(0, len(first)))
        run.cut_metrics(sizes[kept])
        for number, row in enumerate(third):  # a resume is as far again as before, and further, before anyone looks
            run.append_metrics(row | {"resumed": number})
        lines, anew = reader.read()
        rows = [json.loads(line) for line in lines]
        resumed = [row | {"resumed": n} for n, row in enumerate(third)]
        assert run.metrics() == first[:kept] + resumed
        assert rows == (run.metrics() if anew else resumed)
        assert anew == (kept < len(first) or bool(second))


def test_a_resume_drops_the_rows_that_its_state_does_not_know(run: Run) -> None:
    run.append_metrics({"step": 1})
    run.save_state({"step": 1})
    run.append_metrics({"step": 2})
    with run.metrics_path.open("ab") as file:
        file.write(b'{"step": 3, "lo')
    run.cut_metrics(run.load_state()["metrics_size"])
    run.append_metrics({"step": 2, "again": True})
    assert run.metrics() == [{"step": 1}, {"step": 2, "again": True}]


def test_metrics_shorter_than_the_state_remembers_are_not_filled_up(run: Run) -> None:
    run.append_metrics({"step": 1})
    run.cut_metrics(1000)
    run.append_metrics({"step": 2})
    assert run.metrics() == [{"step": 1}, {"step": 2}]
    assert b"\0" not in run.metrics_path.read_bytes()


def test_the_log_has_a_time_for_each_entry_and_stands_anything(run: Run) -> None:
    run.log("Preparing the corpus.")
    run.log("A lone half of a pair: \ud83d")
    first, second = (run.directory / "log.txt").read_text(encoding="utf-8").splitlines()
    assert first.endswith("  Preparing the corpus.")
    assert second.endswith("  A lone half of a pair: ?")
    assert first[:4].isdigit()


def test_what_a_curve_is_measured_against_is_kept_by_name(run: Run) -> None:
    run.write_baselines({"uniform": 8.3, "floor_loss": 1.25})
    assert Run.open(run.directory).baselines() == {"uniform": 8.3, "floor_loss": 1.25}


def test_what_the_texts_hold_is_kept_with_the_run(run: Run) -> None:
    assert run.corpus() == {}
    run.write_corpus({"documents": 26, "tokens": 245})
    assert Run.open(run.directory).corpus() == {"documents": 26, "tokens": 245}


# The state


def test_a_state_comes_back_bit_for_bit(run: Run) -> None:
    weights = torch.randn(3, 4, generator=torch.Generator().manual_seed(1))
    optimizer = torch.optim.AdamW([torch.nn.Parameter(weights.clone())])
    state = {"step": 12, "weights": {"w": weights}, "optimizer": optimizer.state_dict(), "rng": torch.get_rng_state()}
    run.save_state(state)
    back = run.load_state()
    assert torch.equal(back["weights"]["w"], weights)
    assert torch.equal(back["rng"], state["rng"])
    assert back["optimizer"] == optimizer.state_dict()
    assert (back["step"], back["metrics_size"]) == (12, 0)
    assert "metrics_size" not in state


def test_a_state_that_could_not_be_opened_again_is_not_saved(run: Run) -> None:
    import numpy as np

    run.save_state({"step": 1})
    with pytest.raises(TypeError, match=r"state\['best'\]\[1\] is a float64"):
        run.save_state({"step": 2, "best": [1.0, np.float64(2.0)]})
    assert run.load_state()["step"] == 1


def test_a_run_without_a_state_says_so(run: Run) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        run.load_state()
    assert is_a_sentence(caught.value)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = Run.create(tmp_path_factory.mktemp("saved"), "saved", "")
    run.save_state({"step": 5, "w": torch.arange(500.0), "of": {"adam": [1, 2.5, None, "x"]}})
    return run


@given(data=st.data(), what=st.sampled_from(["cut", "flip", "noise"]))
@settings(max_examples=150, deadline=None)
def test_a_damaged_state_is_never_taken_for_a_good_one(saved: Run, data: st.DataObject, what: str) -> None:
    good = (
        (saved.directory / "good").read_bytes()
        if (saved.directory / "good").exists()
        else saved.state_path.read_bytes()
    )
    (saved.directory / "good").write_bytes(good)
    place = data.draw(st.integers(0, len(good) - 1))
    bit = bytes([good[place] ^ (1 << data.draw(st.integers(0, 7)))])
    bad = {"cut": good[:place], "flip": good[:place] + bit + good[place + 1 :], "noise": data.draw(st.binary())}[what]
    saved.state_path.write_bytes(bad)
    try:
        back = saved.load_state()
    except ValueError as error:
        said = str(error)
    else:
        said = ""
    if said:
        assert is_a_sentence(said)
        assert "its snapshots still open as models" in said
    else:  # a bit of the padding between the entries, which nobody reads
        assert what == "flip"
        assert torch.equal(back["w"], torch.arange(500.0))
        assert (back["step"], back["of"], back["metrics_size"]) == (5, {"adam": [1, 2.5, None, "x"]}, 0)


def test_a_flipped_bit_of_a_weight_is_noticed(run: Run) -> None:
    weights = torch.arange(500.0)
    run.save_state({"w": weights})
    content = bytearray(run.state_path.read_bytes())
    content[content.index(weights.numpy().tobytes()) + 1003] ^= 1
    run.state_path.write_bytes(content)
    with pytest.raises(ValueError, match="is damaged"):
        run.load_state()


def test_damage_to_the_table_of_contents_is_damage_too(run: Run) -> None:
    run.save_state({"w": torch.zeros(10)})
    good = run.state_path.read_bytes()
    for place in range(len(good) - 120, len(good)):
        run.state_path.write_bytes(good[:place] + bytes([good[place] ^ 0x80]) + good[place + 1 :])
        with contextlib.suppress(ValueError):
            assert torch.equal(run.load_state()["w"], torch.zeros(10))


KILLED = """
import os, random, signal, sys, time
from pathlib import Path
import torch
from model.training.run import Run

run, instants = Run.open(Path(sys.argv[1])), random.Random(3)
read, write = os.pipe()
step = known = halves = 0
run.save_state({"step": 0, "w": torch.zeros(100_000)})
for _ in range(20):
    child = os.fork()
    if child == 0:
        with run.lock():
            while True:
                step += 1
                run.append_metrics({"step": step})
                run.save_state({"step": step, "w": torch.full((100_000,), float(step))})
                os.write(write, step.to_bytes(4, "big"))
    time.sleep(instants.uniform(0.002, 0.04))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    halves += (run.directory / ".state.pt.part").exists()
    os.set_blocking(read, False)
    try:
        while told := os.read(read, 4):
            known = int.from_bytes(told, "big")
    except BlockingIOError:
        pass
    state = run.load_state()
    step = state["step"]
    assert step in (known, known + 1), (step, known)
    known = step
    assert bool((state["w"] == step).all())
    run.cut_metrics(state["metrics_size"])
    assert [row["step"] for row in run.metrics()] == list(range(1, step + 1))
print(step > 0, halves > 0)
"""


@posix_only
def test_kill_9_at_any_instant_loses_only_what_came_after_the_last_state(run: Run) -> None:
    assert output(KILLED, run.directory) == ["True True"]  # states were written, and some kills fell into a save


FULL = """
import os, sys
from pathlib import Path
import torch
from model.training.run import Run

run = Run.open(Path(sys.argv[1]))
run.save_state({"step": 1, "w": torch.ones(10_000)})
before = sorted(os.listdir(run.directory))
if sys.argv[2] == "limit":
    import resource, signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
for size in (60_000, 400_000, 4_000_000):
    try:
        run.save_state({"step": 2, "w": torch.ones(size), "x": torch.ones(size)})
    except OSError as error:
        print(error)
    assert sorted(os.listdir(run.directory)) == before
state = run.load_state()
assert state["step"] == 1 and state["w"].sum() == 10_000
"""


@posix_only
def test_a_write_that_fails_midway_leaves_the_former_state(run: Run) -> None:
    said = output(FULL, run.directory, "limit")
    assert said == [f"{run.state_path} cannot be written: {os.strerror(errno.EFBIG)}."] * 3


@posix_only
def test_a_full_disk_leaves_the_former_state_and_whole_lines(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = os.geteuid() == 0 and sys.platform == "linux"
    if not mounted or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", disk], check=False).returncode:
        pytest.skip("a small disk can only be mounted by root")
    try:
        run = Run.create(disk, "run", "")
        said = output(FULL, run.directory, "disk")
        remedy = "cannot be written: the disk is full; make room on it and try again."
        assert said == [f"{run.state_path} {remedy}"] * 3
        failed = []
        for step in range(300):
            try:
                run.append_metrics({"step": step, "text": "x" * 997})
            except OSError as error:
                failed.append((step, str(error)))
        assert {sentence for _, sentence in failed} == {f"{run.metrics_path} {remedy}"}
        assert [row["step"] for row in run.metrics()] == list(range(failed[0][0]))
        assert run.metrics_path.read_bytes().endswith(b"\n")
        run.log("What cannot be logged ends nothing.")
        with pytest.raises(OSError, match="the disk is full"):
            Run.create(disk, "another", "x" * 300_000)
        assert [entry.name for entry in disk.iterdir()] == ["run"]
    finally:
        subprocess.run(["umount", disk], check=True)


@posix_only
def test_without_permission_each_write_says_so_in_a_sentence() -> None:
    program = """
import os, tempfile
from pathlib import Path
import torch  # while it can be read
from model.training.run import Run

with tempfile.TemporaryDirectory() as folder:
    run = Run.create(Path(folder), "run", "")
    with run.lock():
        run.write_status("running")
    for path in (folder, run.directory):
        os.chmod(path, 0o555)
    os.chmod(run.directory / "lock", 0o444)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)  # root may write anywhere
    for attempt in (
        lambda: Run.create(Path(folder), "other", ""),
        lambda: run.lock().__enter__(),
        lambda: run.write_status("running"),
        lambda: run.append_metrics({}),
        lambda: run.save_state({}),
        lambda: run.request_stop(),
    ):
        try:
            attempt()
        except OSError as error:
            print(error)
    print(run.status().state)
    if root:
        os.seteuid(0)
    for path in (folder, run.directory):
        os.chmod(path, 0o755)
"""
    *said, state = output(program)
    assert len(said) == 6
    for sentence in said:
        assert is_a_sentence(sentence)
        assert "cannot be written: you have no permission there; choose another folder" in sentence
    assert state == "running"  # whether it is alive cannot be found out, so it is believed


def test_a_file_in_the_place_of_the_runs_is_named(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("not a folder", encoding="utf-8")
    for place in (tmp_path / "runs", tmp_path / "runs" / "deeper"):
        with pytest.raises(OSError, match="a file stands where a folder should be") as caught:
            Run.create(place, "run", "")
        assert is_a_sentence(caught.value)


# Snapshots


def fake_snapshot(run: Run, step: int) -> Path:
    run.snapshot_path(step).mkdir(parents=True)
    (run.snapshot_path(step) / "config.json").write_text("{}", encoding="utf-8")
    return run.snapshot_path(step)


def test_a_snapshot_opens_as_a_model(run: Run, starter: model.Bert) -> None:
    assert run.snapshots() == []
    model.save(starter, run.snapshot_path(500), torch.float16)
    [(step, path)] = run.snapshots()
    assert (step, path) == (500, run.directory / "snapshots" / "step-000500")
    assert model.load(path).tokenizer.tokens == starter.tokenizer.tokens


def test_snapshots_come_in_the_order_of_their_steps_and_half_ones_not_at_all(run: Run) -> None:
    for step in (1_000_000, 999_999, 0, 500):
        fake_snapshot(run, step)
    (run.directory / "snapshots" / "step-000600").mkdir()  # a copy that someone broke off
    (run.directory / "snapshots" / ".step-000700-x").mkdir()
    (run.directory / "snapshots" / "notes.txt").touch()
    assert [step for step, _ in run.snapshots()] == [0, 500, 999_999, 1_000_000]


def test_a_resume_drops_the_snapshots_of_a_future_that_did_not_happen(run: Run) -> None:
    run.drop_snapshots_after(0)
    for step in (0, 500, 1000):
        fake_snapshot(run, step)
    for left in (".step-001500-written", ".step-001000-dropped"):  # by a process that was killed
        (run.directory / "snapshots" / left).mkdir()
        (run.directory / "snapshots" / left / "config.json").touch()
    run.drop_snapshots_after(500)
    assert sorted(path.name for path in (run.directory / "snapshots").iterdir()) == ["step-000000", "step-000500"]


@posix_only
def test_a_terminated_process_leaves_nothing_beside_the_state(run: Run) -> None:
    """Ctrl-C in the middle of a save, as Python raises it."""

    class Interrupting(dict[str, Any]):
        def __reduce__(self) -> Any:
            signal.raise_signal(signal.SIGINT)
            return dict, ()

    run.save_state({"step": 1})
    before = sorted(run.directory.iterdir())
    with pytest.raises(KeyboardInterrupt):
        run.save_state({"step": 2, "late": Interrupting()})
    assert sorted(run.directory.iterdir()) == before
    assert run.load_state()["step"] == 1
