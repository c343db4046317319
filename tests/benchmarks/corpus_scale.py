"""Whether preparing a corpus takes the same memory and time per token whatever its size.

Each size runs in a process of its own, in which anonymous memory is looked at fifty times a second: memory-mapped
files are not counted, the system takes those back. Other sizes than 10 and 100 MB of made-up text:
python -m tests.benchmarks.corpus_scale 10 1000
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from model.training import corpus
from model.wordpiece import WordPiece
from tests.benchmarks import made_up, models

_ONE = "from tests.benchmarks import corpus_scale; import sys; corpus_scale.one(*sys.argv[1:])"


def main(arguments: Sequence[str] = ()) -> None:
    sizes = [int(argument) for argument in arguments] or [10, 100]
    if not Path("/proc/self/smaps_rollup").exists():
        print("This needs Linux: anonymous memory is read from /proc/self/smaps_rollup.")
        return
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            text = made_up.write(Path(folder) / "text.txt", size)
            subprocess.run([sys.executable, "-c", _ONE, str(text), folder], check=True)


def one(text: str, folder: str) -> None:
    tokenizer = WordPiece.read(models.STARTER)
    before, peak, done = _anonymous(), [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            peak[0] = max(peak[0], _anonymous())

    watcher = threading.Thread(target=watch)
    watcher.start()
    started = time.perf_counter()
    report = corpus.prepare([Path(text)], tokenizer, Path(folder) / "cache", validation_share=0.02).report
    spent = time.perf_counter() - started
    done.set()
    watcher.join()
    print(
        f"{Path(text).stat().st_size / 1e6:6.0f} MB, {report.tokens:,} tokens: {spent:.1f} s, "
        f"{spent / report.tokens * 1e9:.0f} ns a token; anonymous memory {before / 1e6:.0f} MB before, "
        f"at most {peak[0] / 1e6:.0f} MB",
        flush=True,
    )


def _anonymous() -> int:
    found = re.search(r"^Anonymous:\s+(\d+) kB", Path("/proc/self/smaps_rollup").read_text(), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


if __name__ == "__main__":
    main(sys.argv[1:])
