"""What Qt needs from a Linux system and no Python package carries, and the Debian package that has it.

Imports nothing but the standard library: the Makefile asks it before anything is installed.
``python -m explorer.system_libraries`` prints the packages that are missing for tests without a screen.
"""

from __future__ import annotations

import ctypes
import importlib.util
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

QT = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libX11.so.6": "libx11-6",
    "libxcb.so.1": "libxcb1",
}
"""Needed to import PySide6, with or without a screen."""

X11 = {
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
}
WAYLAND = {
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
}

_FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
_FONT_SUFFIXES = {".ttf", ".otf", ".ttc"}


def missing(libraries: Mapping[str, str]) -> list[str]:
    """The packages of those of ``libraries`` that the system's loader does not find."""
    return [package for library, package in libraries.items() if not _loads(library)]


def has_fonts() -> bool:
    """Whether Qt finds any outline font; without one it draws no glyph at all."""
    folders = (Path(folder).expanduser() for folder in _FONT_FOLDERS)
    return any(file.suffix.lower() in _FONT_SUFFIXES for folder in folders for file in folder.rglob("*"))


def missing_for_display(environment: Mapping[str, str]) -> list[str]:
    """The packages without which a window cannot open on this display: Qt would abort the process, not raise.

    Qt tries Wayland and then X11, so one of the two that is complete is enough. An empty list where
    ``QT_QPA_PLATFORM`` asks for something else.
    """
    asked = environment.get("QT_QPA_PLATFORM", "")
    candidates = []
    if asked.startswith("wayland") or (not asked and environment.get("WAYLAND_DISPLAY")):
        candidates.append(missing(WAYLAND))
    if asked.startswith("xcb") or (not asked and environment.get("DISPLAY")):
        candidates.append(missing(X11))
    return min(candidates, key=len, default=[])


def named_by(error: ImportError) -> str | None:
    """The shared library that ``error`` says cannot be opened, or None when it says something else."""
    found = re.match(r"(lib\S+\.so[.\d]*): cannot open shared object file", str(error))
    return found[1] if found else None


def sentence(packages: Iterable[str]) -> str:
    """What to tell a user whose system lacks ``packages``."""
    return f"This system lacks libraries that Qt needs; on Debian or Ubuntu: apt-get install {' '.join(packages)}"


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _missing_for_tests() -> list[str]:
    packages = missing(QT)
    if not has_fonts():
        packages.append("fonts-dejavu-core")
    if importlib.util.find_spec("ensurepip") is None:
        packages.append("python3-venv")
    return packages


if __name__ == "__main__" and sys.platform == "linux":
    print(*_missing_for_tests())
