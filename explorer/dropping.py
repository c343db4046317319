"""What becomes of files and folders that are dropped on the window."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QMimeData

from explorer.session import ENDING
from model.training.text import ENDINGS

if TYPE_CHECKING:
    from explorer.window import Window

RECIPE = ".toml"

translate = QCoreApplication.translate


def dropped(data: QMimeData) -> tuple[Path, ...]:
    """The files and folders of this machine that are dragged, if nothing else is dragged with them."""
    urls = data.urls()
    return tuple(Path(url.toLocalFile()) for url in urls) if all(url.isLocalFile() for url in urls) else ()


def take(window: Window, paths: Sequence[Path]) -> None:
    """Opens a session or a model folder; a recipe or texts go to the Pretrain tab. For others says what can be."""
    first = paths[0]
    if len(paths) == 1 and (first.suffix.lower() == ENDING or os.path.isdir(first)):  # noqa: PTH112 - Path raises
        window.sessions.open(first)
    elif (len(paths) == 1 and first.suffix.lower() == RECIPE) or all(
        path.name.lower().endswith(ENDINGS) for path in paths
    ):
        window.show_tab("pretrain")
        window.pretrain.desk.form.take(paths)
    else:
        sentence = translate(
            "Dropping",
            "{0} cannot be opened here: drop a session ({1}), a model folder, a recipe ({2}) or texts ({3}).",
        )
        unknown = next((path for path in paths if not path.name.lower().endswith(ENDINGS)), first)
        window.bar.warn(sentence.format(unknown.name, ENDING, RECIPE, ", ".join(ENDINGS)))
