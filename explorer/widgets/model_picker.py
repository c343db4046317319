"""Which model is asked: its name and sizes, and a menu with the bundled ones, the recent ones and any folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QMenu, QPushButton, QWidget

from explorer import paths, theme
from explorer.workspace import Workspace
from model.training.run import default_runs, list_runs, snapshot_at

_LATEST = 8  # runs in the menu
_WIDEST = 320  # pixels of a model's name: a folder can be called anything


def bundled() -> list[Path]:
    """The model directories that are shipped, by name."""
    models = (paths.resources() / "models").resolve()
    return sorted(folder.parent for folder in models.glob("*/config.json"))


def trained() -> list[Path]:
    """The last snapshot of each of the latest runs."""
    try:
        runs = list_runs(default_runs())
    except OSError:  # said where the runs are listed
        return []
    return [found[-1][1] for run in runs[:_LATEST] if (found := run.snapshots())]


class ModelPicker(QPushButton):
    """Shows the open model. ``recent`` gives the user's own model directories when the menu is opened."""

    browse = Signal()  # the user wants to choose a folder

    def __init__(self, workspace: Workspace, recent: Callable[[], list[Path]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self._recent = recent
        self._hint = QSize()
        self._name, self._sizes, arrow = QLabel(), QLabel(), QLabel("▾")
        self._name.setTextFormat(Qt.TextFormat.PlainText)
        theme.role(self._name, "heading")
        theme.role(self._sizes, "faint")
        self._row = layout = QHBoxLayout(self)
        layout.setContentsMargins(11, 0, 11, 0)
        layout.setSpacing(6)
        for label in (self._name, self._sizes, arrow):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            layout.addWidget(label)
        menu = QMenu(self)
        menu.aboutToShow.connect(lambda: self.fill(menu))
        self.setMenu(menu)
        workspace.answered.connect(self._show)
        self._show()

    def sizeHint(self) -> QSize:
        # The labels inside need the width, not the button's own text, which is empty.
        return QSize(self._row.sizeHint().width(), super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def fill(self, menu: QMenu) -> None:
        """Puts every model that can be opened into ``menu``."""
        menu.clear()
        menu.setToolTipsVisible(True)
        shipped = bundled()
        self._add(menu, self.tr("Bundled"), shipped)
        self._add(menu, self.tr("Trained here"), trained())
        self._add(menu, self.tr("Recent"), [folder for folder in self._recent() if folder not in shipped])
        menu.addSeparator()
        menu.addAction(self.tr("Open a folder…"), self.browse.emit)

    def _add(self, menu: QMenu, title: str, folders: list[Path]) -> None:
        if folders:
            menu.addAction(title).setEnabled(False)
        bert = self.workspace.open_bert
        open_now = None if bert is None else bert.origin
        for folder in folders:
            place = snapshot_at(folder)
            name = folder.name if place is None else place[0].name
            action = menu.addAction(name.replace("&", "&&"))
            action.setToolTip(str(folder))
            action.setCheckable(True)
            same = open_now is not None and place is not None and folder.parent == open_now.parent
            action.setChecked(same or folder == open_now)
            action.triggered.connect(lambda _=False, folder=folder: self.workspace.open_model(folder))

    def _show(self) -> None:
        bert = self.workspace.open_bert
        name = self.tr("no model yet") if bert is None else bert.name
        self._name.setText(self._name.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, _WIDEST))
        if bert is None:
            self._sizes.setText("")
        else:
            self.setToolTip(str(bert.origin or bert.name))
            config = bert.config
            self._sizes.setText(
                self.tr("{layers} layers × {heads} heads × {size}").format(
                    layers=config.num_hidden_layers, heads=config.num_attention_heads, size=config.hidden_size
                )
            )
        self.setAccessibleName(self.tr("Model: {name} {sizes}").format(name=name, sizes=self._sizes.text()).strip())
        if self.sizeHint() != self._hint:  # not with every answer, which would lay the window out anew
            self._hint = self.sizeHint()
            self.updateGeometry()


def ask_for_folder(parent: QWidget, opened: Callable[[Path], None]) -> None:
    """Lets the user choose a model directory, without blocking: ``opened`` is called with it."""
    dialog = QFileDialog(parent, parent.tr("Open a Hugging Face model folder"))
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(lambda folder: opened(Path(folder)))
    dialog.open()
