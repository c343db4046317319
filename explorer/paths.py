"""Where things lie: what is shipped with the program, and the user's own folders. Loads neither Qt nor torch."""

from __future__ import annotations

import sys
from pathlib import Path

import platformdirs

_APP = "bert-explorer"


def resources() -> Path:
    """The folder with models/, examples.toml, icons/ …, in a checkout, an installed package and a frozen program alike.

    Raises ``FileNotFoundError`` with a sentence when the program was installed without it.
    """
    here = Path(__file__).resolve().parent
    frozen = [Path(getattr(sys, "_MEIPASS", Path(sys.executable).parent))] if getattr(sys, "frozen", False) else []
    # Installed before checkout: beside an installed explorer/ there may be someone else's folder of that name.
    for folder in (here, *frozen, here.parent):
        if (folder / "resources").is_dir():
            return folder / "resources"
    raise FileNotFoundError(f"The folder resources/ is missing beside {here}; install the program again.")


def data_folder() -> Path:
    """Where runs, sessions and models of the user's own go; it need not exist yet."""
    return platformdirs.user_data_path(_APP, appauthor=False)


def config_folder() -> Path:
    """Where settings go; it need not exist yet."""
    return platformdirs.user_config_path(_APP, appauthor=False)
