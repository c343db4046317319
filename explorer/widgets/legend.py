"""The colour scale of a heatmap, with the numbers at its ends."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer import theme
from explorer.widgets.figures import signed
from explorer.widgets.heatmap import Scale

_RAMP = 90  # pixels
_WHOLE = 10.0  # one that stands for more asks for none
_FINE = 0.01  # a strongest colour that stands for less asks for more decimals


class Legend(QWidget):
    """From 0 to 1, or from -limit over 0 to limit."""

    def __init__(self, scale: Scale, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scale, self._limit, self._end = scale, 1.0, ""
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._describe()

    def set_limit(self, limit: float) -> None:
        """The number at the strong end."""
        if limit != self._limit:
            self._limit = limit
            self._describe()
            if self.sizeHint().width() > self.width():  # or else each answer would lay the window out anew
                self.updateGeometry()
            self.update()

    def set_end(self, words: str) -> None:
        """Says in ``words`` what the strongest colour stands for where that is no one number; empty takes it back."""
        if words != self._end:
            self._end = words
            self._describe()
            self.updateGeometry()
            self.update()

    def ends(self) -> tuple[str, str]:
        """What stands left and right of the colours."""
        if self._scale is Scale.SHARE:
            return "0", self._end or f"{self._limit:g}"
        decimals = 0 if self._limit >= _WHOLE else 2 if self._limit >= _FINE else 4
        return signed(-self._limit, decimals), signed(self._limit, decimals)

    def sizeHint(self) -> QSize:
        metrics = QFontMetricsF(theme.font(0.85))
        return QSize(
            round(_RAMP + 14 + sum(metrics.horizontalAdvance(end) for end in self.ends())), round(metrics.height()) + 2
        )

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self.updateGeometry()
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, colours = QPainter(self), theme.palette()
        painter.setFont(theme.font(0.85))
        painter.setPen(QColor(colours.faint))
        low, high = self.ends()
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(self.rect(), middle | Qt.AlignmentFlag.AlignLeft, low)
        painter.drawText(self.rect(), middle | Qt.AlignmentFlag.AlignRight, high)
        left = round(QFontMetricsF(painter.font()).horizontalAdvance(low)) + 7
        ramp = QRectF(left, self.height() / 2 - 4, _RAMP, 8)
        painter.drawImage(ramp, self._ramp())
        painter.setPen(QPen(QColor(colours.line), 1))
        painter.drawRect(ramp.adjusted(-0.5, -0.5, 0.5, 0.5))

    def _ramp(self) -> QImage:
        lut = theme.attention_lut() if self._scale is Scale.SHARE else theme.signed_lut()
        row = np.ascontiguousarray(lut[None])
        return QImage(row.data, len(lut), 1, row.strides[0], QImage.Format.Format_RGBA8888).copy()

    def _describe(self) -> None:
        self.setAccessibleName(self.tr("Colours from {0} to {1}").format(*self.ends()))
