"""The colours of the application by meaning, the light and the dark look, and its fonts.

Widgets that paint ask ``palette()`` when they paint, and redo what they keep in ``changeEvent`` on
``QEvent.Type.PaletteChange``. A label gets its look by a dynamic property instead, ``role(label, "question")``, which
follows theme and text size by itself.
"""

from __future__ import annotations

import dataclasses
import functools
import string
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from explorer import paths

Theme = Literal["light", "dark", "system"]
Role = Literal["question", "answer", "heading", "faint", "refusal", "mono", "group", "strip", "fold", "narrow"]

TEXT_SCALES = (0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0)


@dataclass(frozen=True)
class Palette:
    """One meaning, one colour, everywhere; ``#RRGGBB``. Okabe–Ito, safe for colour-blind eyes."""

    dark: bool
    paper: str
    panel: str
    line: str
    ink: str
    faint: str
    accent: str
    special: str
    attention_low: str
    attention_high: str
    zero: str
    negative: str = "#0072B2"
    positive: str = "#D55E00"
    segment_a: str = "#56B4E9"
    segment_b: str = "#E69F00"
    masked: str = "#CC79A7"
    replaced: str = "#F0E442"
    kept: str = "#009E73"


LIGHT = Palette(
    dark=False,
    paper="#FFFFFF",
    panel="#F6F7F9",
    line="#DADFE5",
    ink="#1F2328",
    faint="#6B7280",
    accent="#0B63CE",
    special="#9AA1AB",
    attention_low="#FFFFFF",
    attention_high="#08306B",
    zero="#FFFFFF",
)
DARK = Palette(
    dark=True,
    paper="#15171B",
    panel="#1C1F25",
    line="#333943",
    ink="#E6E8EB",
    faint="#949BA6",
    accent="#6AA9FF",
    special="#7C848F",
    attention_low="#15171B",
    attention_high="#9ECBFF",
    zero="#15171B",
)


@dataclass
class _State:
    wish: Theme = "light"
    palette: Palette = LIGHT
    scale: float = 1.0
    font: QFont | None = None  # the application's own, before scaling
    mono: QFont | None = None  # the fixed font at the size of the text, once it was asked for
    follows_system: bool = False


_state = _State()


def palette() -> Palette:
    """The colours of the look that is on."""
    return _state.palette


def current() -> Theme:
    """What ``apply`` was asked for last."""
    return _state.wish


def apply(name: Theme) -> None:
    """Gives the application a look: palette, style sheet, fonts. "system" follows the desktop from then on."""
    application = _application()
    hints = QGuiApplication.styleHints()
    if _state.font is None:
        application.setStyle("Fusion")
        _state.font = QFont(application.font())
    if not _state.follows_system:
        hints.colorSchemeChanged.connect(_system_changed)
        _state.follows_system = True
    _state.wish = name
    # Title bars and native dialogs follow this where the desktop can; it does nothing offscreen.
    schemes = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark, "system": Qt.ColorScheme.Unknown}
    hints.setColorScheme(schemes[name])
    dark = name == "dark" or (name == "system" and hints.colorScheme() == Qt.ColorScheme.Dark)
    _state.palette = DARK if dark else LIGHT
    _dress(application)


def text_scale() -> float:
    """How large text is, 1 for the system's own size."""
    return _state.scale


def set_text_scale(scale: float) -> None:
    """Makes all text larger or smaller; kept to what stays readable and fits the window."""
    _state.scale = min(max(scale, TEXT_SCALES[0]), TEXT_SCALES[-1])
    if _state.font is not None:
        _dress(_application())


def font(scale: float = 1.0, *, bold: bool = False) -> QFont:
    """The application's font, ``scale`` times its size, with figures of one width."""
    made = QFont(QApplication.font())
    made.setPointSizeF(_points(made) * scale)
    made.setBold(bold)
    return made


def mono(point_size: float | None = None) -> QFont:
    """The fixed font, for pieces and numbers in columns; without a size that of the application's text."""
    if _state.mono is None:  # asking for it takes longer than drawing a word in it
        _state.mono = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        _state.mono.setStyleHint(QFont.StyleHint.Monospace)
        _state.mono.setPointSizeF(_points(QApplication.font()))
    made = QFont(_state.mono)
    if point_size is not None:
        made.setPointSizeF(point_size)
    return made


def role(widget: QWidget, name: Role) -> QWidget:
    """Gives a label its place in the hierarchy of a page: its size, weight and colour. Gives back ``widget``.

    "group" frames what belongs together, "strip" is a band across the window, "fold" a button that unfolds what is
    below it, "narrow" the headings of a table with many columns. An edit whose text cannot be has the property
    "invalid"; a sentence near it says why.
    """
    widget.setProperty("role", name)
    return widget


def attention_lut() -> NDArray[np.uint8]:
    """(256, 4) RGBA of an attention weight from 0 to 1."""
    return _ramp([_state.palette.attention_low, _state.palette.attention_high])


def signed_lut() -> NDArray[np.uint8]:
    """(256, 4) RGBA from the most negative to the most positive, zero between entries 127 and 128."""
    colours = _state.palette
    return np.concatenate([_ramp([colours.negative, colours.zero], 128), _ramp([colours.zero, colours.positive], 128)])


@functools.lru_cache(maxsize=256)
def mixed(colour: str, other: str, share: float) -> str:
    """``colour`` with a ``share``, 0 to 1, of ``other`` in it."""
    ends = np.array([_rgb(colour), _rgb(other)], dtype=float)
    red, green, blue = np.rint(ends[0] + share * (ends[1] - ends[0])).astype(int).tolist()
    return f"#{red:02X}{green:02X}{blue:02X}"


@functools.lru_cache(maxsize=1024)  # maps ask for every colour of their scales
def readable_on(colour: str) -> str:
    """Black or white, whichever stands out more on ``colour`` (by WCAG's relative luminance)."""
    linear = ((np.array(_rgb(colour)) / 255 + 0.055) / 1.055) ** 2.4
    return "#000000" if float(linear @ (0.2126, 0.7152, 0.0722)) > 0.179 else "#FFFFFF"


def _application() -> QApplication:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    return application


def _system_changed() -> None:
    if _state.wish == "system":
        apply("system")


def _dress(application: QApplication) -> None:
    assert _state.font is not None
    text = QFont(_state.font)
    text.setPointSizeF(_points(text) * _state.scale)
    text.setFeature(QFont.Tag("tnum"), 1)
    _state.mono = None
    application.setFont(text)
    application.setPalette(_qt_palette(_state.palette))
    application.setStyleSheet(_style_sheet(_state.palette, _points(text)))


def _points(of: QFont) -> float:
    """The size in points, also of a font that was given in pixels."""
    if of.pointSizeF() > 0:
        return of.pointSizeF()
    return of.pixelSize() * 72 / QGuiApplication.primaryScreen().logicalDotsPerInch()


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _ramp(colours: list[str], size: int = 256) -> NDArray[np.uint8]:
    low, high = (np.array([*_rgb(colour), 255], dtype=float) for colour in colours)
    shares = np.linspace(0, 1, size)[:, None]
    return np.rint(low + shares * (high - low)).astype(np.uint8)


def _qt_palette(colours: Palette) -> QPalette:
    of = QPalette.ColorRole
    made = QPalette()
    for place, colour in {
        of.Window: colours.paper,
        of.WindowText: colours.ink,
        of.Base: colours.paper,
        of.AlternateBase: colours.panel,
        of.Text: colours.ink,
        of.PlaceholderText: colours.faint,
        of.Button: colours.panel,
        of.ButtonText: colours.ink,
        of.ToolTipBase: colours.panel,
        of.ToolTipText: colours.ink,
        of.Highlight: colours.accent,
        of.HighlightedText: colours.paper,
        of.Accent: colours.accent,
        of.Link: colours.accent,
        of.LinkVisited: colours.accent,
        of.Light: colours.paper,
        of.Midlight: colours.panel,
        of.Mid: colours.line,
        of.Dark: colours.line,
        of.Shadow: colours.line,
    }.items():
        made.setColor(place, QColor(colour))
    disabled = QColor(mixed(colours.faint, colours.paper, 0.4))
    for place in (of.WindowText, of.Text, of.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, place, disabled)
    return made


def _style_sheet(colours: Palette, points: float) -> str:
    values = {name: str(value) for name, value in dataclasses.asdict(colours).items()}
    sizes = {"large": f"{points * 1.25:.2f}pt", "small": f"{points * 0.9:.2f}pt", "text": f"{points:.2f}pt"}
    extra = {
        "hover": mixed(colours.panel, colours.ink, 0.06),
        "disabled": mixed(colours.faint, colours.paper, 0.4),
        "icons": (paths.resources() / "icons").as_posix(),
        "tick": "check-dark" if colours.dark else "check-light",
        "mono": QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont).family(),
    }
    return string.Template(_TEMPLATE).substitute(values | sizes | extra)


_TEMPLATE = """
QLabel[role="question"] { font-size: $large; font-weight: 600; }
QLabel[role="heading"] { font-weight: 600; }
QLabel[role="faint"], QLabel[role="answer"] { color: $faint; }
QLabel[role="refusal"] { font-weight: 600; }
QLabel[role="mono"] { font-family: "$mono"; }
QLineEdit, QComboBox, QSpinBox, QDoubleSpinBox, QPlainTextEdit {
    background: $paper; border: 1px solid $line; border-radius: 5px; padding: 4px 8px;
    selection-background-color: $accent; selection-color: $paper;
}
QLineEdit:focus, QComboBox:focus, QSpinBox:focus, QDoubleSpinBox:focus, QPlainTextEdit:focus { border-color: $accent; }
QLineEdit[segment="a"] { border-left: 4px solid $segment_a; }
QLineEdit[segment="b"] { border-left: 4px solid $segment_b; }
QLineEdit[invalid="true"], QComboBox[invalid="true"], QPlainTextEdit[invalid="true"] {
    border: 1px solid $ink; border-left: 4px solid $ink; padding-left: 5px;
}
QComboBox::drop-down { border: none; width: 20px; }
QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button, QDoubleSpinBox::down-button {
    border: none; width: 18px;
}
QComboBox::down-arrow, QSpinBox::down-arrow, QDoubleSpinBox::down-arrow {
    image: url("$icons/arrow-down.svg"); width: 9px; height: 9px;
}
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow { image: url("$icons/arrow-up.svg"); width: 9px; height: 9px; }
QRadioButton::indicator, QCheckBox::indicator, QMenu::indicator {
    width: 12px; height: 12px; border: 1px solid $special; background: $paper;
}
QRadioButton::indicator, QMenu::indicator:exclusive { border-radius: 7px; }
QCheckBox::indicator, QMenu::indicator:non-exclusive { border-radius: 3px; }
QRadioButton::indicator:checked, QMenu::indicator:exclusive:checked {
    width: 6px; height: 6px; border: 4px solid $accent; background: $paper;
}
QMenu::indicator { margin-left: 6px; }
QCheckBox::indicator:checked, QMenu::indicator:non-exclusive:checked {
    border-color: $accent; background: $accent; image: url("$icons/$tick.svg");
}
QRadioButton::indicator:focus, QCheckBox::indicator:focus { border-color: $accent; }
QRadioButton:focus, QCheckBox:focus { color: $accent; }
QSlider::groove:horizontal { height: 4px; border-radius: 2px; background: $line; }
QSlider::sub-page:horizontal { height: 4px; border-radius: 2px; background: $accent; }
QSlider::handle:horizontal {
    width: 12px; height: 12px; margin: -5px 0; border-radius: 7px; border: 1px solid $special; background: $paper;
}
QSlider::handle:horizontal:focus { border-color: $accent; }
QProgressBar { border: none; border-radius: 3px; background: $line; max-height: 6px; }
QProgressBar::chunk { border-radius: 3px; background: $accent; }
QPushButton, QToolButton {
    background: $panel; border: 1px solid $line; border-radius: 5px; padding: 4px 10px;
}
QToolButton { padding: 2px 8px; }
QPushButton:hover, QToolButton:hover { background: $hover; }
QPushButton:pressed, QToolButton:pressed, QToolButton:checked, QPushButton:checked { background: $line; }
QPushButton:focus, QToolButton:focus { border-color: $accent; }
QPushButton:disabled, QToolButton:disabled { color: $disabled; }
QPushButton[role="primary"] { background: $accent; border-color: $accent; color: $paper; font-weight: 600; }
QPushButton[role="fold"] {
    background: transparent; border-color: transparent; padding: 2px 6px 2px 0; color: $faint; text-align: left;
}
QPushButton[role="fold"]:hover { color: $ink; }
QPushButton[role="fold"]:focus { border-color: $accent; }
QToolButton::menu-indicator, QPushButton::menu-indicator { image: none; width: 0; }
QFrame[role="group"] { background: $panel; border: 1px solid $line; border-radius: 5px; padding: 3px 10px; }
QWidget[role="strip"] { background: $panel; border: solid $line; border-width: 1px 0; }
QTabBar { background: transparent; }
QTabBar::tab {
    background: transparent; color: $faint; border: none; border-bottom: 2px solid transparent;
    padding: 8px 12px 7px 12px;
}
QTabBar::tab:hover { color: $ink; }
QTabBar::tab:selected { color: $ink; font-weight: 600; border-bottom-color: $accent; }
QTabBar::tab:selected:focus { background: $panel; }
QTabWidget::tab-bar { left: 2px; }
QTabWidget::pane { border: none; border-top: 1px solid $line; }
QMenuBar { background: $paper; border-bottom: 1px solid $line; }
QMenuBar::item { background: transparent; padding: 4px 10px; }
QMenuBar::item:selected { background: $hover; }
QMenu { background: $paper; border: 1px solid $line; padding: 4px; }
QMenu::item { padding: 4px 24px 4px 24px; border-radius: 3px; }
QMenu::item:selected { background: $hover; color: $ink; }
QMenu::item:disabled { color: $disabled; }
QMenu::separator { height: 1px; background: $line; margin: 4px 6px; }
QStatusBar { background: $panel; border-top: 1px solid $line; }
QStatusBar::item { border: none; }
QStatusBar QLabel { color: $faint; padding: 3px 10px; }
QToolTip { background: $panel; color: $ink; border: 1px solid $line; padding: 4px; }
QHeaderView::section {
    background: $paper; color: $faint; border: none; border-bottom: 1px solid $line; padding: 3px 8px;
}
QHeaderView[role="narrow"]::section { padding: 3px 4px; }
QTableView { gridline-color: $line; border: none; selection-background-color: $accent; }
QTableCornerButton::section { background: $paper; border: none; }
QAbstractScrollArea::corner { background: transparent; border: none; }
QSplitter::handle { background: $line; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QScrollArea { border: none; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: $line; border-radius: 3px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 28px; }
QScrollBar::handle:horizontal { min-width: 28px; }
QScrollBar::handle:hover { background: $special; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
"""
