"""What a map of attention is to show: of which heads, between pieces or words, as a map or as lines."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QLabel, QSlider, QToolButton

from explorer import theme
from explorer.widgets.figures import NO_BREAK
from explorer.widgets.flow import Flow
from explorer.widgets.switch import Switch
from model.lens.views import Way

_SHARE = 50  # per cent of each row that the lines hold, to begin with
_SLIDER = 80  # pixels


class Ways(Flow):
    """The choices, in a line above the picture that they are about."""

    changed = Signal()  # other numbers are to be shown
    turned = Signal()  # map or lines
    shared = Signal()  # more lines or fewer

    def __init__(self) -> None:
        super().__init__()
        self.of = QComboBox()
        self.of.setAccessibleName(self.tr("Of which heads"))
        for place, (title, of, tip) in enumerate(
            (
                (self.tr("This head"), "head", self.tr("What the chosen head looks at")),
                (self.tr("Mean of its layer"), "mean", self.tr("What the heads of its layer look at on average")),
                (
                    self.tr("Maximum of its layer"),
                    "maximum",
                    self.tr("The largest weight that any of its heads has"),
                ),
                (
                    self.tr("Rollout up to its layer"),
                    "rollout",
                    self.tr("What reaches a token through the layers, half of what each reads passing by unmixed"),
                ),
            )
        ):
            self.of.addItem(title, of)
            self.of.setItemData(place, tip, Qt.ItemDataRole.ToolTipRole)
        self.words = _toggle(self.tr("Words"), self.tr("Merges the pieces of a word: columns summed, rows averaged"))
        self.without = _toggle(
            self.tr("Hide [CLS] [SEP]"), self.tr("Leaves out their rows and columns, so that the words stand out")
        )
        self.face = Switch([self.tr("Map"), self.tr("Lines")])
        self.face.setAccessibleName(self.tr("A map, or lines between tokens"))
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(5, 100)
        self.slider.setValue(_SHARE)
        self.slider.setFixedWidth(_SLIDER)
        self.slider.setAccessibleName(self.tr("Share of each row that the lines hold"))
        self.slider.setToolTip(self.tr("The strongest lines of each token, up to this share of what it looks at"))
        self._share = QLabel()
        theme.role(self._share, "faint")
        for widget in (self.face, self.of, self.words, self.without, self.slider, self._share):
            self.addWidget(widget)
        self._tell_share()
        self._turn()
        self.of.currentIndexChanged.connect(self.changed)
        self.words.toggled.connect(self.changed)
        self.without.toggled.connect(self.changed)
        self.face.chosen.connect(self._turn)
        self.slider.valueChanged.connect(self._tell_share)

    @property
    def way(self) -> Way:
        """Of which heads, and between what."""
        return Way(self.of.currentData(), self.words.isChecked(), not self.without.isChecked())

    @property
    def adds_up(self) -> bool:
        """Whether every row of what is shown adds up to 1."""
        return self.way.special and self.way.of != "maximum"

    @property
    def as_lines(self) -> bool:
        return bool(self.face.current)

    @property
    def share(self) -> float:
        """The strongest lines of each row hold that much of it."""
        return self.slider.value() / 100

    def _turn(self) -> None:
        for widget in (self._share, self.slider):
            widget.setVisible(self.as_lines)
        self.turned.emit()

    def _tell_share(self) -> None:
        self._share.setText(self.tr("{0} % of each row").format(self.slider.value()).replace(" %", f"{NO_BREAK}%"))
        self.shared.emit()


def _toggle(text: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setCheckable(True)
    button.setToolTip(tip)
    return button
