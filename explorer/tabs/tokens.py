"""How does the text become numbers? Words, their pieces, and the rows that the network reads (C8, C11)."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from explorer import theme
from explorer.widgets.input_table import InputTable, Word
from explorer.widgets.page import Page
from explorer.widgets.panel import Panel, note, strong
from explorer.workspace import Selection, Workspace
from model.trace import Trace

if TYPE_CHECKING:
    from model.bert import Bert
    from model.wordpiece import Candidate, Explanation

_SHOWN = 12  # candidates of one piece that are written out; a long word has hundreds


class _Spelling(NamedTuple):
    """Every word of both texts with the tokens that it became."""

    words: tuple[Word, ...]
    vocabulary: int  # V


class TokensTab(Page):
    """One table, a column a token: from the typed word down to the label; below, how the chosen word was cut."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self._spelling: _Spelling | None = None
        self.table = InputTable()
        self.table.setAccessibleName(self.question)
        self.candidates = note()
        self._why = note()
        self._word = Panel()
        self._word.column.addWidget(self._why)
        self._word.column.addWidget(self.candidates)
        self._word.column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(self._word)
        scroll.setWidgetResizable(True)
        column = QVBoxLayout(self.body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(14)
        column.addWidget(self.table)
        column.addWidget(scroll, 1)
        self.table.chosen.connect(lambda token: workspace.select(token=token))
        self.table.hovered.connect(lambda token: workspace.hover() if token is None else workspace.hover(token=token))

    @property
    def title(self) -> str:
        return self.tr("Tokens")

    @property
    def question(self) -> str:
        return self.tr("How does the text become numbers?")

    def draw(self, bert: Bert, trace: Trace) -> None:
        self.candidates.setFont(theme.mono())
        self._spelling = None
        self.table.show_inputs(trace)
        self.examine("spelling", _spelling, self._show)

    def mark(self, selection: Selection) -> None:
        self.table.mark(selection.token)
        self._show_word(selection.token)

    def _show(self, spelling: _Spelling) -> None:
        self._spelling = spelling
        self.table.show_words(spelling.words)
        self.mark(self.workspace.selection)

    def _show_word(self, token: int | None) -> None:
        trace = self.workspace.trace
        if self._spelling is None or trace is None or not self._spelling.words:
            return
        words = self._spelling.words
        word = next((word for word in words if token is not None and token in word.tokens), None)
        if word is None:
            word = next((word for word in words if len(word.how.pieces) > 1 or word.how.reason), None)
        if word is None:  # nothing was cut: the longest word is the one that might have been
            word = max(words, key=lambda word: len(word.how.word))
        self.answer = f"{self._verdict(word.how)} {self._count(trace)}"
        pieces = " ".join(word.how.pieces)
        self._word.set_heading(self.tr("How {0} becomes {1}").format(word.how.typed, pieces))
        self._why.setText(
            self.tr("The longest beginning that the vocabulary has is taken; what is left goes on with ##.")
            if word.how.candidates
            else ""
        )
        self.candidates.setText("<br>".join(_rounds(word.how.candidates)))

    def _verdict(self, how: Explanation) -> str:
        assert self._spelling is not None
        word, size = strong(escape(how.word)), f"{self._spelling.vocabulary:,}"
        if how.reason == "too-long":
            return self.tr("{0} is longer than 100 characters, so it becomes {1}.").format(
                strong(escape(how.word[:20] + "…")), strong(escape(how.pieces[0]))
            )
        if how.reason is not None:
            last = _bare(how.candidates[-1].piece) if how.candidates else how.word
            return self.tr("{0} becomes {1}: the vocabulary of {2} entries has no piece that begins at {3}.").format(
                word, strong(escape(" ".join(how.pieces))), size, strong(escape(last))
            )
        if len(how.pieces) == 1:
            return self.tr("{0} is in this vocabulary of {1} entries, so it stays whole.").format(word, size)
        return self.tr("{0} is not in this vocabulary of {1} entries, so it is cut: {2}.").format(
            word, size, strong(" + ".join(map(escape, how.pieces)))
        )

    def _count(self, trace: Trace) -> str:
        assert self._spelling is not None
        words = len(self._spelling.words)
        sentence = (
            self.tr("One word becomes {1} tokens, [CLS] and [SEP] included.")
            if words == 1
            else self.tr("{0} words become {1} tokens, [CLS] and [SEP] included.")
        )
        text = sentence.format(words, len(trace.tokens))
        cut = len(trace.inputs.cut_first) + len(trace.inputs.cut_second)
        if cut:
            text += " " + self.tr("Tokens beyond what this model can read, and left out: {0}.").format(cut)
        return text


def _spelling(bert: Bert, trace: Trace) -> _Spelling:
    """On the worker."""
    words: list[Word] = []
    for text, typed in enumerate((trace.scenario.first, trace.scenario.second)):
        places = [place for place, source in enumerate(trace.inputs.texts) if source == text]
        ends = [offset[1] for offset, place in zip(trace.inputs.offsets, trace.inputs.texts, strict=True)
                if offset is not None and place == text]  # fmt: skip
        read = re.match(r"\S*", typed[max(ends, default=0) :])  # the last word may be cut in its middle
        assert read is not None
        for how in bert.tokenizer.explain(typed[: max(ends, default=0) + read.end()]):
            tokens, places = places[: len(how.pieces)], places[len(how.pieces) :]
            if tokens:  # none where the text is longer than the model reads
                words.append(Word(how, range(tokens[0], tokens[-1] + 1)))
    return _Spelling(tuple(words), len(bert.tokenizer.tokens))


def _rounds(candidates: tuple[Candidate, ...]) -> list[str]:
    """A line for every piece: the candidates that were tried for it, crossed out up to the one that was taken."""
    rounds: list[list[Candidate]] = [[]]
    for candidate in candidates:
        rounds[-1].append(candidate)
        if candidate.taken:
            rounds.append([])
    return [_round(tried) for tried in rounds if tried]


def _round(tried: list[Candidate]) -> str:
    shown = [_written(candidate) for candidate in tried]
    if len(shown) > _SHOWN:
        shown[_SHOWN // 2 : -_SHOWN // 2] = [f"… {len(shown) - _SHOWN} …"]
    return "&nbsp; ".join(shown)


def _written(candidate: Candidate) -> str:
    piece = escape(candidate.piece).replace(" ", "&nbsp;")
    return strong(piece) if candidate.taken else f"<s>{piece}</s>"


def _bare(piece: str) -> str:
    return piece.removeprefix("##")
