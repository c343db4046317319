"""The window: assembles sentence bar, token strip, tabs, menus and status line. Holds no logic of its own."""

from __future__ import annotations

import platform
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal, qVersion
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QMainWindow,
    QMenu,
    QMessageBox,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from explorer import dropping, theme
from explorer.actions import Actions, table
from explorer.export import Exporter
from explorer.reporter import Reporter
from explorer.sessions import Sessions
from explorer.settings import Settings
from explorer.tabs.attention import AttentionTab
from explorer.tabs.embeddings import EmbeddingsTab
from explorer.tabs.layers import LayersTab
from explorer.tabs.masked_lm import MaskedLMTab
from explorer.tabs.next_sentence import NextSentenceTab
from explorer.tabs.pretrain import PretrainTab
from explorer.tabs.tokens import TokensTab
from explorer.widgets.arithmetic import Arithmetic
from explorer.widgets.model_card import ModelCard
from explorer.widgets.model_picker import ModelPicker, ask_for_folder, bundled
from explorer.widgets.page import Page
from explorer.widgets.picture import Picture
from explorer.widgets.sentence_bar import SentenceBar
from explorer.widgets.shortcuts_dialog import ShortcutsDialog
from explorer.widgets.status import ModelLabel, SelectionLabel
from explorer.widgets.time_slider import TimeSlider
from explorer.widgets.token_strip import TokenStrip
from explorer.workspace import Workspace
from model.training.run import Run, snapshot_at

# Name, number of its shortcut, and class: the numbers are those of the whole set of tabs, whichever are built.
_TABS: tuple[tuple[str, int, type[Page]], ...] = (
    ("tokens", 1, TokensTab),
    ("embeddings", 2, EmbeddingsTab),
    ("attention", 3, AttentionTab),
    ("layers", 4, LayersTab),
    ("masked-lm", 5, MaskedLMTab),
    ("next-sentence", 6, NextSentenceTab),
    ("pretrain", 7, PretrainTab),
)


_LOOKED_AT = 3_000  # milliseconds that an answer stays until its question is worth remembering
_DOCKED_FROM = 1_280  # pixels that the window is wide: a narrower one has no room beside its tabs
_READ_IN = 8_000  # milliseconds that the status line says what was done


class Window(QMainWindow):
    """The main window on a workspace."""

    painted = Signal()  # the window is on screen for the first time: what is slow may begin

    def __init__(self, workspace: Workspace, settings: Settings | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.settings = settings or Settings()
        self._was_painted = False
        self._may_close = False  # whether the user said what is to become of a run that goes on
        self._remembered: Path | None = None
        self.setWindowTitle(self.tr("BERT Explorer"))
        self.resize(1440, 900)
        self.setMinimumSize(800, 560)

        self.picker = ModelPicker(workspace, lambda: self.settings.recent_models)
        self.picker.browse.connect(self.browse)
        self.bar = SentenceBar(workspace, self.picker, lambda: self.settings.recent_texts)
        self.strip = TokenStrip(workspace)
        self.time = TimeSlider(workspace)
        self.pages = {name: kind(workspace) for name, _, kind in _TABS}
        pretrain = self.pages["pretrain"]
        assert isinstance(pretrain, PretrainTab)
        self.pretrain = pretrain
        self.tabs = QTabWidget()
        for page in self.pages.values():
            self.tabs.addTab(page, page.title)
            page.held.connect(self._use_pictures)
        column = QWidget()
        layout = QVBoxLayout(column)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.bar)
        layout.addWidget(self.strip)
        layout.addWidget(self.time)
        layout.addWidget(self.tabs, 1)
        self.setCentralWidget(column)
        self.arithmetic = QDockWidget(self.tr("Arithmetic"))
        self.arithmetic.setObjectName("arithmetic")
        self.arithmetic_panel = Arithmetic(workspace)
        self.arithmetic.setWidget(self.arithmetic_panel)
        self.arithmetic.setAllowedAreas(Qt.DockWidgetArea.LeftDockWidgetArea | Qt.DockWidgetArea.RightDockWidgetArea)
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.arithmetic)
        self.arithmetic.hide()
        self.statusBar().setSizeGripEnabled(False)
        self.statusBar().addWidget(ModelLabel(workspace), 1)
        self.statusBar().addPermanentWidget(SelectionLabel(workspace))

        self.exporter = Exporter(workspace, self.settings, self)
        self.exporter.done.connect(lambda sentence: self.statusBar().showMessage(sentence, _READ_IN))
        self.exporter.failed.connect(self.bar.warn)
        self.reporter = Reporter(self)
        self.sessions = Sessions(self)
        self.sessions.done.connect(lambda sentence: self.statusBar().showMessage(sentence, _READ_IN))
        self.sessions.failed.connect(self.bar.warn)
        self.setAcceptDrops(True)
        pretrain.made.connect(self._use_desk)

        self.actions_table = Actions(table(self), self)
        self._use_actions()
        workspace.answered.connect(self._remember_model)
        self._read_long_enough = QTimer(self, singleShot=True, interval=_LOOKED_AT)
        self._read_long_enough.timeout.connect(self._remember_texts)
        workspace.answered.connect(self._read_long_enough.start)
        self._restore()

    # What the menus do

    def show_tab(self, name: str) -> None:
        """Brings the tab of that name to the front."""
        if name in self.pages:
            self.tabs.setCurrentWidget(self.pages[name])

    @property
    def page(self) -> Page:
        """The tab that is in front."""
        page = self.tabs.currentWidget()
        assert isinstance(page, Page)
        return page

    def tab_titles(self) -> list[tuple[str, str, int]]:
        """Name, title and number of every tab."""
        return [(name, self.pages[name].title, number) for name, number, _ in _TABS]

    def browse(self) -> None:
        """Lets the user choose a model folder, and opens it."""
        ask_for_folder(self, self.open_model)

    def open_model(self, folder: Path) -> None:
        """Opens a model directory and asks it the present question."""
        self.workspace.open_model(folder.resolve())

    def export(self, way: str) -> None:
        """Copies or saves the picture of the tab in front that the keyboard is in, or its first."""
        picture = self.page.picture()
        if picture is not None:
            self.exporter.take(way, picture)

    def show_arithmetic(self) -> None:
        """Shows or hides how the number came about that was clicked last; in a small window it floats over it."""
        opening = self.arithmetic.isHidden()
        if opening:
            self.arithmetic.setFloating(self.width() < _DOCKED_FROM)
        self.arithmetic.setVisible(opening)
        if opening:
            self.arithmetic_panel.take_keys()

    def use_theme(self, name: theme.Theme) -> None:
        """Changes the look, now and at the next start."""
        self.settings.theme = name
        theme.apply(name)

    def scale_text(self, steps: int) -> None:
        """Makes all text a step larger or smaller; 0 gives the system's size."""
        scales = theme.TEXT_SCALES
        nearest = min(range(len(scales)), key=lambda place: abs(scales[place] - theme.text_scale()))
        place = min(max(nearest + steps, 0), len(scales) - 1)
        self.settings.text_scale = scales[place] if steps else 1.0
        theme.set_text_scale(self.settings.text_scale)

    def show_card(self) -> None:
        """Says what the open model is."""
        card = ModelCard(self.workspace, self)
        card.picture.requested.connect(lambda way: self.exporter.take(way, card.picture))
        card.show()

    def show_shortcuts(self) -> None:
        """Lists all keys."""
        ShortcutsDialog(self.actions_table, self).show()

    def show_about(self) -> None:
        """Says what this is."""
        box = QMessageBox(self)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle(self.tr("About BERT Explorer"))
        box.setText(self.tr("Ask a BERT a question and see everything it did to answer."))
        box.setInformativeText(
            self.tr("Python {python}, Qt {qt}").format(python=platform.python_version(), qt=qVersion())
        )
        box.open()

    # Assembly

    def _use_actions(self) -> None:
        actions = self.actions_table
        file = actions.fill(self.menuBar())["file"]
        models = QMenu(self.tr("Models"), file)
        models.aboutToShow.connect(lambda: self.picker.fill(models))
        file.insertMenu(file.actions()[1], models)  # behind "Open model folder…"
        self.bar.use_actions(actions["swap"], actions["undo"], actions["redo"], actions["pin"])
        self.strip.chips.addActions(actions.of("token"))
        self.tabs.currentChanged.connect(actions.refresh)
        self._use_pictures(self)
        workspace = self.workspace
        for signal in (workspace.asked, workspace.answered, workspace.refused, workspace.compared):
            signal.connect(actions.refresh)
        workspace.selection_changed.connect(actions.refresh)
        workspace.history_changed.connect(actions.refresh)
        self.bar.typing.connect(actions.refresh)
        # By its receiver's method, so that the connection ends with the window.
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(actions.refresh)
        actions.refresh()

    def _use_pictures(self, of: QWidget) -> None:
        for picture in of.findChildren(Picture):
            picture.requested.connect(lambda way, picture=picture: self.exporter.take(way, picture))

    def _use_desk(self) -> None:
        desk, refresh = self.pretrain.desk, self.actions_table.refresh
        desk.said.connect(lambda sentence: self.statusBar().showMessage(sentence, _READ_IN))
        desk.training.changed.connect(refresh)
        desk.form.changed.connect(refresh)
        self._use_pictures(desk)
        refresh()

    def _restore(self) -> None:
        if not self.settings.geometry.isEmpty():
            self.restoreGeometry(self.settings.geometry)
        self.show_tab(self.settings.tab)

    def _remember_model(self) -> None:
        bert = self.workspace.open_bert
        if bert is None or bert.origin is None or bert.origin == self._remembered:
            return
        self._remembered = bert.origin
        if bert.origin not in bundled() and snapshot_at(bert.origin) is None:  # runs have a table of their own
            self.settings.remember_model(bert.origin)

    def _remember_texts(self) -> None:
        if self.workspace.trace is not None:
            asked = self.workspace.trace.scenario
            self.settings.remember_texts(asked.first, asked.second)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            QTimer.singleShot(0, self, self.painted.emit)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropping.dropped(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = dropping.dropped(event.mimeData())
        if paths:
            event.acceptProposedAction()
            dropping.take(self, paths)

    def closeEvent(self, event: QCloseEvent) -> None:
        runs = self.pretrain.desk.training.left_running() if self.pretrain.has_desk else ()
        if runs and not self._may_close:
            event.ignore()
            self._ask_about(runs)
            return
        if self._read_long_enough.isActive():
            self._read_long_enough.stop()
            self._remember_texts()
        self.settings.geometry = self.saveGeometry()
        self.settings.tab = next(name for name, page in self.pages.items() if page is self.tabs.currentWidget())
        self.settings.save()
        self.sessions.keep()
        super().closeEvent(event)

    def _ask_about(self, runs: tuple[Run, ...]) -> None:
        """What is to become of the ``runs`` that were started here and go on; closes with the answer."""
        names = ", ".join(run.name for run in runs)
        box = QMessageBox(QMessageBox.Icon.Question, "", self.tr("{0} is still training.").format(names), parent=self)
        box.setInformativeText(
            self.tr("It can go on without this window, which finds it again at the next start, or stop and be resumed.")
        )
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        going_on = box.addButton(self.tr("Let it go on"), QMessageBox.ButtonRole.AcceptRole)
        stopping = box.addButton(self.tr("Stop it"), QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(going_on)

        def close() -> None:
            self._may_close = True
            self.close()

        def stop() -> None:
            for run in runs:
                self.pretrain.desk.training.stop(run)  # written before the worker ends
            close()

        going_on.clicked.connect(close)
        stopping.clicked.connect(stop)
        box.open()
