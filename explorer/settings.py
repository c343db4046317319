"""What the window remembers from one start to the next, in an INI file of the user's config folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast, get_args

from PySide6.QtCore import QByteArray, QSettings

from explorer import paths
from explorer.theme import Theme

_RECENT = 8  # models in the menu
_RECENT_TEXTS = 12


class Settings:
    """One property a setting. A value that cannot be read, say of a file edited by hand, is as if it were not there."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = QSettings(str(file or paths.config_folder() / "settings.ini"), QSettings.Format.IniFormat)

    # An INI file holds text only: every value is read with its type, or else True comes back as "true".

    @property
    def theme(self) -> Theme:
        name = self._text("window/theme", "system")
        return cast(Theme, name) if name in get_args(Theme) else "system"

    @theme.setter
    def theme(self, name: Theme) -> None:
        self._file.setValue("window/theme", name)

    @property
    def text_scale(self) -> float:
        try:
            return float(self._text("window/text_scale", "1"))
        except ValueError:
            return 1.0

    @text_scale.setter
    def text_scale(self, scale: float) -> None:
        self._file.setValue("window/text_scale", str(scale))

    @property
    def tab(self) -> str:
        """The name of the tab that was in front, such as "attention"."""
        return self._text("window/tab", "")

    @tab.setter
    def tab(self, name: str) -> None:
        self._file.setValue("window/tab", name)

    @property
    def geometry(self) -> QByteArray:
        """What ``QWidget.saveGeometry`` gave; empty at the first start."""
        return cast(QByteArray, self._file.value("window/geometry", QByteArray(), type=QByteArray))

    @geometry.setter
    def geometry(self, geometry: QByteArray) -> None:
        self._file.setValue("window/geometry", geometry)

    @property
    def recent_models(self) -> list[Path]:
        """Model directories of the user's own, the latest first; those that are no longer there are left out."""
        try:
            folders = json.loads(self._text("models/recent", "[]"))
            return [Path(folder) for folder in folders if Path(folder).is_dir()]
        except (ValueError, TypeError):
            return []

    def remember_model(self, folder: Path) -> None:
        """Puts a model directory first among the recent ones."""
        others = [other for other in self.recent_models if other != folder]
        self._file.setValue("models/recent", json.dumps([str(path) for path in [folder, *others][:_RECENT]]))

    @property
    def recent_texts(self) -> list[tuple[str, str]]:
        """Sentences A and B that were asked about, the latest first."""
        try:
            pairs = json.loads(self._text("texts/recent", "[]"))
            return [(str(first), str(second)) for first, second in pairs]
        except (ValueError, TypeError):
            return []

    def remember_texts(self, first: str, second: str) -> None:
        """Puts a pair first among the recent ones."""
        others = [other for other in self.recent_texts if other != (first, second)]
        self._file.setValue("texts/recent", json.dumps([(first, second), *others][:_RECENT_TEXTS]))

    @property
    def export_folder(self) -> Path:
        """Where a picture was saved last, or the home folder."""
        folder = Path(self._text("export/folder", ""))
        return folder if folder.is_absolute() and folder.is_dir() else Path.home()

    @export_folder.setter
    def export_folder(self, folder: Path) -> None:
        self._file.setValue("export/folder", str(folder))

    @property
    def last_session(self) -> Path:
        """The session that was there when the window was closed; the file need not exist yet."""
        return Path(self._file.fileName()).with_name("last.bertx")

    def save(self) -> None:
        """Writes what was set to the file."""
        self._file.sync()

    def _text(self, key: str, otherwise: str) -> str:
        return str(self._file.value(key, otherwise, type=str))
