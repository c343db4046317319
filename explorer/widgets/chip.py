"""One token as a chip: the piece, its id under it, and over it a band in its segment's colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPainterPath, QPen

from explorer import theme

if TYPE_CHECKING:
    from model.bert import Bert
    from model.scenario import EditKind
    from model.trace import Trace

_SIDE = 8  # pixels left and right of the text
_BAND = 3
_APART = 5  # pixels between the texts of the lower line


@dataclass(frozen=True)
class Chip:
    """What there is to say about one token."""

    piece: str
    id: int
    segment: int
    special: bool
    edit: EditKind | None
    original: str
    flipped: bool
    trained: bool  # whether the model ever saw a token at this position

    @property
    def former(self) -> str:
        """What stood there, where that is not what stands there now."""
        return self.original if self.original != self.piece else ""


def chips(bert: Bert, trace: Trace) -> tuple[Chip, ...]:
    """The chips of a trace, by position."""
    edits = {edit.position: edit.kind for edit in trace.scenario.edits}
    trained = len(trace.tokens) if bert.trained_length is None else bert.trained_length
    specials = {bert.tokenizer.cls_token, bert.tokenizer.sep_token, bert.tokenizer.mask_token}
    rows = zip(trace.tokens, trace.inputs.originals, trace.input_ids.tolist(), trace.segments.tolist(), strict=True)
    return tuple(
        Chip(
            piece=piece,
            id=entry,
            segment=segment,
            special=trace.inputs.texts[position] is None or (piece in specials and piece == original),
            edit=edits.get(position),
            original=original,
            flipped=position in trace.scenario.flips,
            trained=position < trained,
        )
        for position, (piece, original, entry, segment) in enumerate(rows)
    )


@dataclass(frozen=True)
class Look:
    """The fonts of a chip, and what follows from them."""

    piece: QFont
    small: QFont
    struck: QFont

    @classmethod
    def now(cls) -> Look:
        """In the fonts that the application has now."""
        piece, small, struck = theme.mono(), theme.font(0.85), theme.font(0.85)
        piece.setBold(True)
        struck.setStrikeOut(True)
        return cls(piece, small, struck)

    @property
    def height(self) -> int:
        """Pixels of every chip."""
        return _BAND + QFontMetrics(self.piece).height() + QFontMetrics(self.small).height() + 5

    def width(self, chip: Chip) -> int:
        """Pixels of this chip."""
        return max(QFontMetrics(self.piece).horizontalAdvance(chip.piece), self._lower_width(chip)) + 2 * _SIDE

    def draw(self, painter: QPainter, chip: Chip, place: QRect) -> None:
        """Draws a chip of the width and height above."""
        colours = theme.palette()
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(place).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        painter.fillPath(shape, QColor(_fill(chip)))
        band = colours.special if chip.special else (colours.segment_a, colours.segment_b)[chip.segment]
        painter.save()
        painter.setClipPath(shape)
        painter.fillRect(place.left(), place.top(), place.width(), _BAND, QColor(band))
        painter.restore()
        pen = QPen(QColor(colours.line), 1)
        if not chip.trained:
            pen = QPen(QColor(colours.special), 1, Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.drawPath(shape)

        line = QFontMetrics(self.piece).height()
        upper = QRect(place.left(), place.top() + _BAND + 1, place.width(), line)
        painter.setFont(self.piece)
        painter.setPen(QColor(colours.faint if chip.special else colours.ink))
        painter.drawText(upper, Qt.AlignmentFlag.AlignCenter, chip.piece)
        self._draw_lower(painter, chip, upper.translated(0, line))

    def _draw_lower(self, painter: QPainter, chip: Chip, place: QRect) -> None:
        metrics = QFontMetrics(self.small)
        x = place.left() + (place.width() - self._lower_width(chip)) // 2
        colours = theme.palette()
        painter.setPen(QColor(colours.ink if chip.edit else colours.faint))  # faint is too little on a tint
        for text, is_struck in _lower_texts(chip):
            width = metrics.horizontalAdvance(text)
            painter.setFont(self.struck if is_struck else self.small)
            painter.drawText(QRect(x, place.top(), width + 1, metrics.height()), Qt.AlignmentFlag.AlignLeft, text)
            x += width + _APART

    def _lower_width(self, chip: Chip) -> int:
        metrics = QFontMetrics(self.small)
        widths = [metrics.horizontalAdvance(text) for text, _ in _lower_texts(chip)]
        return sum(widths) + _APART * (len(widths) - 1)


def _fill(chip: Chip) -> str:
    colours = theme.palette()
    if chip.edit is None:
        return colours.paper
    colour = {"mask": colours.masked, "replace": colours.replaced, "keep": colours.kept}[chip.edit]
    return theme.mixed(colour, colours.paper, 0.7)


def _lower_texts(chip: Chip) -> list[tuple[str, bool]]:
    """What stands under the piece, and whether it is struck through: id, what stood there, its former segment."""
    texts = [(str(chip.id), False)]
    if chip.former:
        texts.append((chip.former, True))
    if chip.edit == "keep":
        texts.append(("✓", False))
    if chip.flipped:
        texts += [("BA"[chip.segment], True), ("AB"[chip.segment], False)]
    return texts
