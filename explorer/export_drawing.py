"""What a widget shows, stroke by stroke: drawn again at any size, or written as SVG whose text stays text."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPoint, QRect, QSize
from PySide6.QtGui import QImage, QPaintEngine, QPainter, QPicture
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QWidget

from explorer import theme

_FEW = 4_096  # rectangles that a drawing's maps may be, one for each run of equal cells; more of them are images
_IMAGE = re.compile(r'<image x="([^"]*)" y="([^"]*)" width="([^"]*)" height="([^"]*)"[^>]*?base64,([^"]*)"[^>]*>')
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
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)  # or else lines lie a pixel beside the cells' edges
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
        """It as an SVG file: words are text, and every cell of a map has its edges at any size.

        A small map is rectangles, which every program draws alike, a large one an image with a pixel a cell.
        """
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
        return _sharp(bytes(data.data()).decode()).encode()


@runtime_checkable
class Shrunk(Protocol):
    """A widget that draws no more of its cells than the screen has pixels, unless it is told to."""

    def show_whole(self, on: bool) -> None: ...


def drawing_of(widget: QWidget) -> Drawing:
    """What ``widget`` shows, on paper. On the GUI thread."""
    strokes, shrunk = QPicture(), [part for part in (widget, *widget.findChildren(QWidget)) if isinstance(part, Shrunk)]
    for part in shrunk:
        part.show_whole(True)
    QWidget.render(widget, strokes, QPoint())  # a view has another render of its own
    for part in shrunk:
        part.show_whole(False)
    return Drawing(strokes, widget.size(), theme.palette().paper)


def is_drawing(painter: QPainter) -> bool:
    """Whether strokes are taken, for any size: nothing is to be rounded to the pixels of this screen."""
    return painter.paintEngine().type() == QPaintEngine.Type.Picture


def _sharp(svg: str) -> str:
    """``svg`` with its images as rectangles, or with pixels that stay squares: a browser blurs what it enlarges."""
    images = [_Cells.of(found) for found in _IMAGE.finditer(svg)]
    few = sum(int(image.begins.sum()) for image in images) <= _FEW
    written = iter(images)

    def replaced(found: re.Match[str]) -> str:
        cells = next(written)
        if few or cells.begins.size == 1:
            return cells.rectangles(tuple(map(float, found.groups()[:4])))
        return found[0].replace("<image ", '<image style="image-rendering:pixelated" ', 1)

    return _IMAGE.sub(replaced, svg)


class _Cells(NamedTuple):
    """The pixels of an embedded image, and where runs of equal ones begin and end in a row."""

    colours: NDArray[np.uint32]  # (R, C) as RGBA
    begins: NDArray[np.bool_]  # (R, C)
    ends: NDArray[np.bool_]  # (R, C)

    @classmethod
    def of(cls, found: re.Match[str]) -> _Cells:
        image = QImage.fromData(base64.b64decode(found[5])).convertToFormat(QImage.Format.Format_RGBA8888)
        rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
        colours = np.ascontiguousarray(rows[:, : 4 * image.width()]).view(">u4").astype(np.uint32)
        if (colours == colours[:1, :1]).all():  # such as the paper
            colours = colours[:1, :1]
        turns = colours[:, 1:] != colours[:, :-1]
        begins, ends = (np.ones(colours.shape, bool) for _ in range(2))
        begins[:, 1:], ends[:, :-1] = turns, turns
        return cls(colours, begins, ends)

    def rectangles(self, place: tuple[float, ...]) -> str:
        """The runs in the rectangle ``place``: left, top, width and height."""
        left, top, width, height = place
        across, down = width / self.colours.shape[1], height / self.colours.shape[0]
        drawn = []
        for (row, start), (_, end) in zip(np.argwhere(self.begins), np.argwhere(self.ends), strict=True):
            colour, opacity = divmod(int(self.colours[row, start]), 256)
            seen = f' fill-opacity="{opacity / 255:.3g}"' if opacity < 255 else ""
            drawn.append(
                f'<rect x="{left + start * across:.6g}" y="{top + row * down:.6g}" '
                f'width="{(end - start + 1) * across:.6g}" height="{down:.6g}" fill="#{colour:06x}"{seen}/>'
            )
        return f'<g stroke="none" shape-rendering="crispEdges">{"".join(drawn)}</g>'
