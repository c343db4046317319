"""The walls that import-linter cannot see: what is loaded at run time, and what is shipped."""

import json
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = ("torch", "PySide6", "pyqtgraph")


def run_python(program: str, cwd: Path = ROOT) -> str:
    """What a fresh interpreter prints when it runs ``program``."""
    done = subprocess.run([sys.executable, "-c", program], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded_by(statement: str) -> set[str]:
    """Which heavy packages a fresh interpreter has loaded after ``statement``."""
    program = f"{statement}\nimport json, sys\nprint(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    return set(json.loads(run_python(program).splitlines()[-1]))


def test_the_window_appears_before_torch_is_loaded() -> None:
    assert "torch" not in loaded_by("import explorer.window")


def test_a_script_that_imports_model_waits_for_neither_torch_nor_qt() -> None:
    assert loaded_by("import model") == set()


def test_a_scenario_can_be_written_without_torch() -> None:
    assert loaded_by("import model; model.Scenario('My dog is cute')") == set()


def test_the_model_works_on_a_machine_without_qt() -> None:
    run_python("""
import importlib, importlib.abc, pkgutil, sys

class NoQt(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"PySide6", "shiboken6", "pyqtgraph"}:
            raise ImportError(name + " is blocked")

sys.meta_path.insert(0, NoQt())
import model
for module in pkgutil.walk_packages(model.__path__, "model."):
    importlib.import_module(module.name)
""")


def packages_listed() -> set[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return set(settings["tool"]["setuptools"]["packages"])


def test_an_installed_copy_lacks_no_package() -> None:
    folders = [file.parent for top in ("model", "explorer") for file in (ROOT / top).rglob("__init__.py")]
    present = {".".join(folder.relative_to(ROOT).parts) for folder in folders}
    assert present | {"explorer.resources"} == packages_listed()


@pytest.mark.slow
def test_an_installed_copy_carries_the_resources(tmp_path: Path) -> None:
    for name in ("model", "explorer", "resources"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "pictures"))
    for name in ("pyproject.toml", "LICENSE", "README.md"):
        shutil.copy(ROOT / name, tmp_path)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "."]
    subprocess.run(build, cwd=tmp_path, check=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        shipped = set(wheel.namelist())
    files = [file.relative_to(tmp_path).as_posix() for file in (tmp_path / "resources").rglob("*") if file.is_file()]
    assert {f"explorer/{file}" for file in files} <= shipped
