"""What a widget shows, stroke by stroke: drawn again at any size, or written as SVG whose text stays text."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPoint, QRect, QSize
from PySide6.QtGui import QImage, QPainter, QPicture
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QWidget

from explorer import theme

_AT_ONCE = 1 << 20  # pixels: while strokes are drawn no other thread runs Python, not even that of the window


@dataclass(frozen=True)
class Drawing:
    """The strokes of a picture. Its methods may run on any thread, one at a time."""

    strokes: QPicture
    size: QSize  # in points of the screen
    paper: str  # the colour behind it

    def image(self, scale: float) -> QImage:
        """It with ``scale`` pixels a point; null where there is no memory for so many."""
        image = QImage(self.size * scale, QImage.Format.Format_RGB32)
        if not image.isNull():
            rows = max(1, _AT_ONCE // image.width())
            painter = QPainter(image)
            for top in range(0, image.height(), rows):
                painter.drawImage(0, top, self._stripe(QSize(image.width(), rows), top, scale))
            painter.end()
        return image

    def _stripe(self, size: QSize, top: int, scale: float) -> QImage:
        """What lies from the row ``top`` of pixels on."""
        stripe = QImage(size, QImage.Format.Format_RGB32)
        stripe.fill(self.paper)
        painter = QPainter(stripe)
        painter.translate(0, -top)
        painter.scale(scale, scale)
        painter.drawPicture(QPoint(), self.strokes)
        painter.end()
        return stripe

    def png(self, scale: float) -> bytes:
        """The same as a PNG file; ``OSError`` with a sentence where it is too large."""
        data = QByteArray()
        buffer = QBuffer(data)
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        if not self.image(scale).save(buffer, "PNG"):  # type: ignore[call-overload]
            raise OSError(f"There is not enough memory for a picture {scale:g} times as large: choose a smaller scale.")
        return bytes(data.data())

    def svg(self, title: str) -> bytes:
        """It as an SVG file: words are text, maps of numbers are embedded images."""
        data = QByteArray()
        buffer = QBuffer(data)
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        generator = QSvgGenerator()
        generator.setOutputDevice(buffer)
        generator.setResolution(self.strokes.logicalDpiX())
        generator.setSize(self.size)
        generator.setViewBox(QRect(QPoint(), self.size))
        generator.setTitle(title)
        generator.setDescription("")
        painter = QPainter(generator)
        painter.fillRect(QRect(QPoint(), self.size), self.paper)
        painter.drawPicture(QPoint(), self.strokes)
        painter.end()
        return bytes(data.data())


def drawing_of(widget: QWidget) -> Drawing:
    """What ``widget`` shows, on paper. On the GUI thread."""
    strokes = QPicture()
    QWidget.render(widget, strokes, QPoint())  # a view has another render of its own
    return Drawing(strokes, widget.size(), theme.palette().paper)
