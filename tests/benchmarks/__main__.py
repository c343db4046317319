"""Runs the benchmarks named on the command line, or all of them, each in a process of its own."""

import importlib
import re
import subprocess
import sys
from pathlib import Path


def _available() -> list[str]:
    files = sorted(Path(__file__).parent.glob("[!_]*.py"))
    return [file.stem for file in files if re.search(r"^def main\(", file.read_text(encoding="utf-8"), re.MULTILINE)]


def _run(names: list[str]) -> int:
    available = _available()
    if unknown := [name for name in names if name not in available]:
        print(f"No such benchmark: {', '.join(unknown)}; there are: {', '.join(available) or 'none'}", file=sys.stderr)
        return 2
    if len(names) == 1:
        importlib.import_module(f"tests.benchmarks.{names[0]}").main()
        return 0
    failed = 0
    for name in names or available:
        print(f"\n== {name}", flush=True)
        # A warm cache or a thread pool of one would be in the figures of the next.
        failed |= subprocess.run([sys.executable, "-m", "tests.benchmarks", name], check=False).returncode
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(_run(sys.argv[1:]))
