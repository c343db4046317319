"""The tokens of an answer as rows of chips: one widget, drawn in one go, that mouse and keys move through."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QSizePolicy, QToolTip, QWidget

from explorer import theme
from explorer.widgets.chip import Chip, Look, chips
from explorer.workspace import Workspace

_ROWS = 2  # that are seen at once; more are scrolled to
_GAP = 5  # pixels between chips, and around them for the rings
_PATIENCE = 120  # milliseconds until chips that wait for an answer dim: most answers come sooner


class TokenChips(QAbstractScrollArea):
    """The chips of the answer on screen. Hovering previews a token everywhere, a click or an arrow key holds it."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self._chips: tuple[Chip, ...] = ()
        self._drawn: dict[Chip, QPixmap] = {}  # most of an answer's chips were drawn for the one before
        self._places: list[QRect] = []  # of the chips, in pixels from the upper left of all rows
        self._line = 1  # pixels from row to row
        self._seen = 0  # pixels of the rows that are seen at once
        self._held: int | None = None  # the token that was last brought into view
        self._ringed: set[int | None] = set()  # the tokens that had rings when they were last painted
        self._dimmed = False
        self._patience = QTimer(self, singleShot=True, interval=_PATIENCE)
        self._patience.timeout.connect(lambda: self._dim(True))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.viewport().setMouseTracking(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)  # the window's Token actions
        workspace.answered.connect(self._renew)
        workspace.busy.connect(self._wait)
        workspace.selection_changed.connect(self._mark)
        self._lay_out()
        self._mark()

    @property
    def cursor_position(self) -> int:
        """The token that keys speak of: the focused one, or else the first."""
        token = self.workspace.selection.token
        return token if token is not None and token < len(self._chips) else 0

    def place(self, position: int) -> QRect:
        """Where the chip of a token is on the viewport."""
        return self._places[position].translated(0, -self.verticalScrollBar().value())

    def token_at(self, point: QPoint) -> int | None:
        """The token under a point of the viewport."""
        there = point + QPoint(0, self.verticalScrollBar().value())
        return next((position for position, place in enumerate(self._places) if place.contains(there)), None)

    def describe(self, position: int) -> str:
        """Everything that the chip shows, in words."""
        chip = self._chips[position]
        words = [
            self.tr("{piece}, token {number} of {count}, id {id}, segment {segment}").format(
                piece=chip.piece, number=position, count=len(self._chips), id=chip.id, segment="AB"[chip.segment]
            )
        ]
        if chip.edit == "mask":
            words.append(self.tr("masked, was {piece}").format(piece=chip.original))
        elif chip.edit == "replace":
            words.append(self.tr("replaced, was {piece}").format(piece=chip.original))
        elif chip.edit == "keep":
            words.append(self.tr("chosen for prediction and kept"))
        if chip.flipped:
            words.append(self.tr("its segment was flipped"))
        if not chip.trained:
            words.append(self.tr("at a position that was never trained"))
        return "; ".join(words)

    # Layout

    def sizeHint(self) -> QSize:
        return QSize(400, self._seen)

    def minimumSizeHint(self) -> QSize:
        return QSize(100, self._seen)

    def _lay_out(self) -> None:
        """Finds each chip's place: in rows, with a scroll bar from the third row on."""
        look = Look.now()
        self._line = look.height + _GAP
        widths = [look.width(chip) for chip in self._chips]
        room = self.maximumViewportSize().width()
        places = _rows(widths, room, look.height)
        if places and places[-1].bottom() > _ROWS * self._line:
            places = _rows(widths, room - self.verticalScrollBar().sizeHint().width(), look.height)
        self._places = places
        total = places[-1].bottom() + 1 + _GAP if places else self._line + _GAP
        seen = min(total, _ROWS * self._line + _GAP)
        if seen != self._seen:  # a fixed height set amid a resize would leave the viewport at the former one
            self._seen = seen
            self.updateGeometry()
        self.verticalScrollBar().setRange(0, total - seen)
        self.verticalScrollBar().setPageStep(seen)
        self.verticalScrollBar().setSingleStep(self._line)
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        looks = (QEvent.Type.FontChange, QEvent.Type.StyleChange, QEvent.Type.PaletteChange)
        if event.type() in (*looks, QEvent.Type.ApplicationFontChange):
            self._drawn.clear()
            self._lay_out()

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(event.rect(), QColor(theme.palette().panel))
        if self._dimmed:
            painter.setOpacity(0.45)
        look = Look.now()
        for position, chip in enumerate(self._chips):
            place = self.place(position)
            if event.region().intersects(place):
                painter.drawPixmap(place.topLeft(), self._picture(look, chip, place.size()))
                self._draw_rings(painter, position, place)

    def _picture(self, look: Look, chip: Chip, size: QSize) -> QPixmap:
        ratio = self.devicePixelRatioF()
        drawn = self._drawn.get(chip)
        if drawn is None or drawn.devicePixelRatio() != ratio:
            drawn = self._drawn[chip] = QPixmap(size * ratio)
            drawn.setDevicePixelRatio(ratio)
            drawn.fill(theme.palette().panel)
            painter = QPainter(drawn)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            look.draw(painter, chip, QRect(QPoint(0, 0), size))
            painter.end()
        return drawn

    def _draw_rings(self, painter: QPainter, position: int, place: QRect) -> None:
        """A thick ring is held, a thin one hovered; keys speak of the chip with the outer dots."""
        painter.setBrush(Qt.BrushStyle.NoBrush)
        accent = QColor(theme.palette().accent)
        outline = QRectF(place).adjusted(0.5, 0.5, -0.5, -0.5)
        if position == self.workspace.clicked.token:
            painter.setPen(QPen(accent, 2))
            painter.drawRoundedRect(outline, 3, 3)
        elif position == self.workspace.selection.token:
            painter.setPen(QPen(accent, 1))
            painter.drawRoundedRect(outline, 3, 3)
        if self.hasFocus() and position == self.cursor_position:
            painter.setPen(QPen(accent, 1, Qt.PenStyle.DotLine))
            painter.drawRoundedRect(outline.adjusted(-2.5, -2.5, 2.5, 2.5), 4, 4)

    # The user

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        token = self.token_at(event.position().toPoint())
        if token is None:
            self.workspace.hover()
        else:
            self.workspace.hover(token=token)

    def leaveEvent(self, event: QEvent) -> None:
        self.workspace.hover()
        super().leaveEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        token = self.token_at(event.position().toPoint())
        if token is not None:
            self.workspace.select(token=token)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The keys that move; those that edit are the window's Token actions."""
        keys = Qt.Key
        steps = {keys.Key_Left: -1, keys.Key_Right: 1, keys.Key_Home: -len(self._chips), keys.Key_End: len(self._chips)}
        key = keys(event.key())
        if key in steps and self._chips:
            self.hold(self._moved(steps[key]))
        elif key in (keys.Key_Up, keys.Key_Down) and self._chips:
            self.hold(self._beyond(-1 if key == keys.Key_Up else 1))
        elif key in (keys.Key_Space, keys.Key_Return, keys.Key_Enter) and self._chips:
            self.hold(self.cursor_position)
        elif key == keys.Key_Escape:
            self.workspace.release()
        else:
            super().keyPressEvent(event)

    def hold(self, position: int) -> None:
        """Holds a token and brings its chip into view."""
        self.workspace.select(token=position)
        self._scroll_to(position)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._mark()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            token = self.token_at(event.pos())
            QToolTip.showText(event.globalPos(), "" if token is None else self.describe(token), self)
            return True
        return super().viewportEvent(event)

    def _moved(self, step: int) -> int:
        """The token ``step`` to the right of the cursor; the first arrow key only picks up the first token."""
        if self.workspace.selection.token is None and abs(step) == 1:
            return 0
        return min(max(self.cursor_position + step, 0), len(self._chips) - 1)

    def _beyond(self, rows: int) -> int:
        """The token nearest to the cursor's, some rows further down; the cursor's own where there is no such row."""
        here = self._places[self.cursor_position].center() + QPoint(0, rows * self._line)
        there = [position for position, place in enumerate(self._places) if place.top() <= here.y() <= place.bottom()]
        distance = {position: abs(self._places[position].center().x() - here.x()) for position in there}
        return min(there, key=lambda position: distance[position], default=self.cursor_position)

    # The workspace

    def _renew(self) -> None:
        bert, trace = self.workspace.bert, self.workspace.trace
        assert bert is not None
        assert trace is not None
        self._chips = chips(bert, trace)
        self._drawn = {chip: self._drawn[chip] for chip in self._chips if chip in self._drawn}
        self._lay_out()
        self._mark()

    def _mark(self) -> None:
        """Shows what is chosen, to the eye and to a screen reader."""
        held = self.workspace.clicked.token
        if held is not None and held != self._held and held < len(self._places):
            self._scroll_to(held)
        self._held = held
        self.setAccessibleName(self.describe(self.cursor_position) if self._chips else self.tr("Tokens"))
        self.setAccessibleDescription(self.tr("The tokens of the sentences; the arrow keys move from one to the next."))
        self._draw_rings_anew()

    def _draw_rings_anew(self) -> None:
        """Paints those chips whose rings may be others: all of them take longer than a frame under the mouse."""
        before = self._ringed
        self._ringed = {self.workspace.clicked.token, self.workspace.selection.token, self.cursor_position}
        for position in before | self._ringed:
            if position is not None and position < len(self._places):
                self.viewport().update(self.place(position).adjusted(-_GAP, -_GAP, _GAP, _GAP))

    def _scroll_to(self, position: int) -> None:
        place, bar = self._places[position], self.verticalScrollBar()
        if place.top() < bar.value() or place.bottom() > bar.value() + self.viewport().height():
            bar.setValue(place.top() - _GAP)

    def _wait(self, busy: bool) -> None:
        if busy:
            self._patience.start()
        else:
            self._patience.stop()
            self._dim(False)

    def _dim(self, dimmed: bool) -> None:
        self._dimmed = dimmed
        self.viewport().update()


def _rows(widths: list[int], room: int, height: int) -> list[QRect]:
    """Chips of these ``widths`` side by side, and in a further row where the ``room`` ends."""
    places: list[QRect] = []
    x = y = _GAP
    for width in widths:
        if x > _GAP and x + width + _GAP > room:
            x, y = _GAP, y + height + _GAP
        places.append(QRect(x, y, width, height))
        x += width + _GAP
    return places
