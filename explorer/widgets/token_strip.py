"""The handle of the whole window: the tokens that the model reads, what is done to them, and what there is to know."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from explorer import theme
from explorer.comparison import Shown
from explorer.widgets.piece_editor import PieceEditor
from explorer.widgets.token_chips import TokenChips
from explorer.workspace import Workspace
from model.scenario import Scenario

_NAMED = 8  # of the pieces that were cut


class TokenStrip(QWidget):
    """Chips, their number and time, and sentences under them. Its methods are what the Token menu does."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.chips = TokenChips(workspace)
        self.count = _Steady(alignment=Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.note = QLabel(wordWrap=True)
        self.editor: PieceEditor | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        theme.role(self, "strip")
        theme.role(self.count, "faint")
        theme.role(self.note, "faint")
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setMinimumWidth(1)  # or else a long word would make the window wider
        row = QHBoxLayout()
        row.setContentsMargins(11, 3, 16, 3)
        row.setSpacing(12)
        row.addWidget(self.chips, 1)
        row.addWidget(self.count)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(row)
        layout.addWidget(self.note)
        self.note.setContentsMargins(16, 0, 16, 6)
        workspace.answered.connect(self._renew)
        workspace.noticed.connect(self._also_say)
        self._say([])

    @property
    def has_token(self) -> bool:
        """Whether there is a token that the methods below would change."""
        return self.workspace.selection.token is not None or (
            self.chips.hasFocus() and self.workspace.trace is not None
        )

    @property
    def is_changed(self) -> bool:
        """Whether the focused token is not as the text has it."""
        position, workspace = self.chips.cursor_position, self.workspace
        pinned = workspace.pinned if workspace.shown is Shown.PINNED else None
        scenario = workspace.scenario if pinned is None else pinned.trace.scenario
        return self.has_token and (scenario.edit_at(position) is not None or position in scenario.flips)

    def focus_token(self) -> None:
        """Hands the keys to the tokens."""
        self.chips.setFocus()

    def mask_token(self) -> None:
        """[MASK] stands at the focused token."""
        self._edit(lambda scenario, position: scenario.mask(position))

    def keep_token(self) -> None:
        """The focused token is chosen for prediction and left as it is."""
        self._edit(lambda scenario, position: scenario.keep(position))

    def flip_segment(self) -> None:
        """The focused token gets the other segment."""
        self._edit(lambda scenario, position: scenario.flip(position))

    def restore_token(self) -> None:
        """The focused token is as the text has it."""
        self._edit(lambda scenario, position: scenario.restore(position))

    def replace_token(self) -> None:
        """Opens an editor over the focused token for the piece that is to stand there."""
        bert = self.workspace.bert
        if bert is None or not self.has_token:
            return
        self._close_editor()
        position = self.chips.cursor_position
        self.chips.hold(position)
        editor = PieceEditor(bert.tokenizer, self.chips.viewport())
        place = self.chips.place(position)
        width = max(place.width(), 14 * editor.fontMetrics().averageCharWidth())
        left = max(0, min(place.left(), self.chips.viewport().width() - width))
        editor.setGeometry(left, place.top(), width, place.height())
        editor.chosen.connect(lambda piece: self._replaced(position, piece))
        editor.unknown.connect(self._say_unknown)
        editor.dismissed.connect(self._end_editing)
        self.editor = editor
        editor.show()
        editor.setFocus()

    def _edit(self, change: Callable[[Scenario, int], Scenario]) -> None:
        if self.has_token:
            position = self.chips.cursor_position
            self.workspace.edit(lambda scenario: change(scenario, position))

    def _replaced(self, position: int, piece: str) -> None:
        self._end_editing()
        self.workspace.edit(lambda scenario: scenario.replace(position, piece))

    def _end_editing(self) -> None:
        self._close_editor()
        self._renew_note()
        self.chips.setFocus()

    def _close_editor(self) -> None:
        editor, self.editor = self.editor, None
        if editor is not None:
            editor.blockSignals(True)  # hiding takes the focus away, which would dismiss it once more
            editor.hide()
            editor.deleteLater()

    def _say_unknown(self, typed: str) -> None:
        sentence = self.tr("“{piece}” is no piece of this model's vocabulary: choose one from the list as you type.")
        self._say([sentence.format(piece=typed)])

    def _renew(self) -> None:
        self._close_editor()  # the token that it stood over may be another one now
        bert, trace = self.workspace.bert, self.workspace.trace
        assert bert is not None
        assert trace is not None
        sentence = self.tr("{count} of {most} tokens · {time}")
        count, most = len(trace.tokens), bert.config.max_position_embeddings
        texts = (sentence.format(count=count, most=most, time=self._time(time)) for time in (trace.seconds, 0.999))
        self.count.say(*texts)
        self._renew_note()

    def _renew_note(self) -> None:
        """Says what the answer on screen leaves out, and what it was never trained for."""
        bert, trace = self.workspace.bert, self.workspace.trace
        if bert is None or trace is None:
            return
        sentences = []
        first, second = trace.inputs.cut_first, trace.inputs.cut_second
        if first or second:
            sentences.append(
                self.tr("The model reads {read} of {all} tokens.").format(
                    read=len(trace.tokens), all=f"{len(trace.tokens) + len(first) + len(second):,}"
                )
            )
        if first:
            sentences.append(
                self.tr("Cut from A ({count}): “{pieces}”.").format(count=f"{len(first):,}", pieces=_named(first))
            )
        if second:
            sentences.append(
                self.tr("Cut from B ({count}): “{pieces}”.").format(count=f"{len(second):,}", pieces=_named(second))
            )
        if bert.trained_length is not None and len(trace.tokens) > bert.trained_length:
            sentence = self.tr("{model} never saw a token at position {length} or later: there it is guessing.")
            sentences.append(sentence.format(model=bert.name, length=bert.trained_length))
        self._say(sentences)

    def _also_say(self, sentence: str) -> None:
        self._say([*filter(None, [self.note.text()]), sentence])

    def _say(self, sentences: list[str]) -> None:
        self.note.setText(" ".join(sentences))
        self.note.setVisible(bool(sentences))

    def _time(self, seconds: float) -> str:
        if seconds < 1:
            return self.tr("{number} ms").format(number=max(1, round(seconds * 1_000)))
        return self.tr("{number} s").format(number=f"{seconds:.1f}")


class _Steady(QLabel):
    """A label with room for the longest text that it may say, so that another one does not lay the window out anew."""

    _longest = ""

    def say(self, text: str, longest: str) -> None:
        self._longest = longest
        self.setText(text)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        said, longest = (
            self.fontMetrics().size(Qt.TextFlag.TextSingleLine, text) for text in (self.text(), self._longest)
        )
        self.setFixedSize(said.expandedTo(longest))


def _named(pieces: tuple[str, ...]) -> str:
    return " ".join([*pieces[:_NAMED], *(["…"] if len(pieces) > _NAMED else [])])
