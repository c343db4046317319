"""How does the text become numbers? Words, their pieces, and the rows that the network reads (C8, C11)."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PySide6.QtCore import QRect
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from explorer import theme
from explorer.export import Sheet
from explorer.widgets import tokens_python
from explorer.widgets.beside import Beside
from explorer.widgets.input_table import NOTHING, InputTable, Labels, Padding
from explorer.widgets.length import Length
from explorer.widgets.page import Page
from explorer.widgets.panel import isolated, note, strong
from explorer.widgets.picture import Picture
from explorer.widgets.scroll import Scroll
from explorer.widgets.switch import Switch
from explorer.widgets.token_difference import TokenDifference
from explorer.widgets.vocabulary import Vocabulary
from explorer.workspace import Selection, Workspace
from model import lookup, packing
from model.lens import spelling
from model.lens.spelling import Word
from model.lookup import Entries
from model.trace import Trace

if TYPE_CHECKING:
    from model.bert import Bert
    from model.wordpiece import Candidate, Explanation

_SHOWN = 12  # pieces of a word, and candidates of a piece, that are written out; a long word has hundreds
_LONGEST = 28  # characters of a word or a candidate; the middle of a longer one is left out
_PAIR, _OUTPUT = range(2)  # the packings
_HANGING = '<p style="margin: 0 0 2px 16px; text-indent: -16px">{0}</p>'  # a line that goes on is seen to go on


class _Spelling(NamedTuple):
    """Every word of both texts with the tokens that it became."""

    words: tuple[Word, ...]
    vocabulary: int  # V


class TokensTab(Page):
    """Left a table, a column a token, from the typed word down to the label, and how the chosen word was cut.

    Right the vocabulary that it was cut by.
    """

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self._spelling: _Spelling | None = None
        self._difference: TokenDifference | None = None
        self._shown: Word | None = None  # that whose candidates are listed
        self._shown_at = 0  # of all words
        self._labels = Labels("", (), "", "")
        self.table = InputTable()
        self.table.setAccessibleName(self.question)
        self.packing = Switch((self.tr("Pair: MLM and NSP"), self.tr("Source and output")))
        self.packing.setAccessibleName(self.tr("How the input is packed"))
        self.name_sides(self.packing, ("pair", "output"))
        self.follows = QCheckBox(self.tr("In the text B follows A"))
        self.follows.setChecked(True)
        self.labels = note()
        self.length = Length()
        self.padding = note()
        self.candidates = note()
        self._why = note()
        self._word = Picture(self.candidates, self._tried, "tokens", python=self._python_of_tried)
        self._left = QWidget()
        self.vocabulary = Vocabulary()
        self._input = Picture(
            self.table, self.table.rows.sheet, "tokens", self.tr("From text to input"), python=self._python
        )
        self._listed = Picture(
            self.vocabulary.table,
            self.vocabulary.table.rows.sheet,
            "tokens",
            self.tr("Vocabulary"),
            frame=self.vocabulary,
            python=self.vocabulary.table.rows.python,
        )
        self._lay_out()
        self._connect()
        rows = self.vocabulary.table.rows
        self.kept.add_control("follows", self.follows)
        self.kept.add("length", lambda: self.length.wish, self.length.ask)
        self.kept.add_control("search", self.vocabulary.search)
        self.kept.add("sorting", lambda: rows.sorting, rows.sort_as)

    @property
    def title(self) -> str:
        return self.tr("Tokens")

    @property
    def question(self) -> str:
        return self.tr("How does the text become numbers?")

    def draw(self, bert: Bert, trace: Trace) -> None:
        self.candidates.setFont(theme.mono())
        self._spelling = None
        pad = bert.tokenizer.pad_token
        self.length.fit(len(trace.tokens), bert.config.max_position_embeddings)
        self.table.show_inputs(trace, Padding(pad, bert.tokenizer.id(pad)), self.length.value)
        self._label()
        self._say_padding()
        self.examine("spelling", _spelling, self._show)
        if self.vocabulary.entries.tokens is not bert.tokenizer.tokens:
            self.examine("vocabulary", lambda bert, _: lookup.of(bert.tokenizer), self._show_vocabulary)

    def mark(self, selection: Selection) -> None:
        self.table.mark(selection.token)
        self._show_word(selection.token)
        self.vocabulary.mark(self._entry(selection.token))
        held = self.workspace.clicked.token
        self.vocabulary.aim(held, self._entry(held))

    def difference(self) -> TokenDifference:
        if self._difference is None:
            self._difference = TokenDifference(self)
            self.hold(self._difference)
        return self._difference

    # How it is laid out

    def _lay_out(self) -> None:
        self._input.tools.insertWidget(0, self.packing)
        for part in (self.labels, self.follows, self.length):
            self._input.column.addWidget(part)
        self._input.column.addWidget(self.padding)
        self._word.column.insertWidget(1, self._why)
        column = QVBoxLayout(self._left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(14)
        column.addWidget(self._input)
        column.addWidget(self._word)
        column.addStretch(1)
        self._listed.tools.insertWidget(0, self.vocabulary.sorting)
        self._columns = Beside(self._left, self._listed, (3, 1), spacing=20)
        self._scroll = Scroll(self._columns)
        whole = QVBoxLayout(self.body)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._scroll)

    def _connect(self) -> None:
        workspace = self.workspace
        self.table.chosen.connect(lambda token: workspace.select(token=token))
        self.table.hovered.connect(lambda token: workspace.hover() if token is None else workspace.hover(token=token))
        self.table.reached.connect(self._bring_into_sight)
        self.packing.chosen.connect(self._label)
        self.follows.toggled.connect(self._label)
        self.length.changed.connect(self._set_length)
        self.vocabulary.chosen.connect(self._put_in)

    def _bring_into_sight(self, cell: QRect) -> None:
        place = self.table.viewport().mapTo(self._columns, cell.center())
        self._scroll.ensureVisible(0, place.y(), 0, cell.height())

    # What it does

    def _set_length(self, length: int) -> None:
        self.table.set_length(length)
        self._say_padding()

    def _put_in(self, piece: str) -> None:
        position = self.workspace.clicked.token
        if position is not None:
            self.workspace.edit(lambda scenario: scenario.replace(position, piece))

    # What it says

    def _label(self) -> None:
        """Fills in what each token is asked for, and says so in words."""
        bert, trace = self.workspace.bert, self.workspace.trace
        if bert is None or trace is None:
            return
        inputs, pad = trace.inputs, bert.tokenizer.pad_token
        is_pair = 1 in inputs.texts
        self.follows.setVisible(self.packing.current == _PAIR and is_pair and bert.has_nsp)
        if self.packing.current == _OUTPUT:
            how = f"packing.output_labels(inputs, {pad!r})"
            labels = Labels(self.tr("output"), packing.output_labels(inputs, pad), pad, how)
        elif bert.config.is_decoder:
            how = "packing.next_token_labels(inputs)"
            labels = Labels(self.tr("label"), packing.next_token_labels(inputs), NOTHING, how)
        else:
            follows = self.follows.isChecked() if bert.has_nsp else None
            how = f"packing.pair_labels(inputs, {follows})"
            labels = Labels(self.tr("label"), packing.pair_labels(inputs, follows), NOTHING, how)
        self._labels = labels
        self.table.show_labels(labels)
        self.labels.setText(self._what_is_asked(bert, is_pair).format(strong(escape(pad))))

    def _what_is_asked(self, bert: Bert, is_pair: bool) -> str:
        if self.packing.current == _OUTPUT and not is_pair:
            return self.tr("There is a source only: type its output into B, and it is packed behind it.")
        if self.packing.current == _OUTPUT:
            return self.tr(
                "A is a source and B its output, packed behind it. The output row is {0} under the source, where "
                "nothing is asked, then the output itself and [SEP]."
            )
        if bert.config.is_decoder:
            return self.tr("Read left-to-right, every token is asked for the one behind it; – gives no loss.")
        if is_pair and bert.has_nsp:
            return self.tr(
                "Two tasks at once: at [CLS] whether B follows A, and wherever a token was chosen (M, R, K) "
                "what stood there; – gives no loss."
            )
        return self.tr("Wherever a token was chosen (M, R, K) the label is what stood there; – gives no loss.")

    def _entry(self, token: int | None) -> int | None:
        """The id of what the network reads there."""
        trace = self.workspace.trace
        return None if trace is None or token is None or token >= len(trace.tokens) else int(trace.input_ids[token])

    def _show(self, spelling: _Spelling) -> None:
        self._spelling = spelling
        self.table.show_words(spelling.words)
        self.mark(self.workspace.selection)

    def _show_vocabulary(self, found: Entries) -> None:
        self.vocabulary.show_entries(found)
        self.mark(self.workspace.selection)

    def _say_padding(self) -> None:
        bert = self.workspace.bert
        assert bert is not None
        most, pad = f"{bert.config.max_position_embeddings:,}", strong(escape(bert.tokenizer.pad_token))
        if not self.length.isEnabled():
            sentence = self.tr("The input is as long as this model can read, {1} tokens: there is no room for {0}.")
        elif self.length.value == self.table.rows.tokens:
            sentence = self.tr("In a batch all inputs are equally long. Lengthen this one, up to {1}, to see how.")
        else:
            sentence = self.tr(
                "{0} only fills a batch: mask 0 keeps every token from looking at it, so the answer is the same."
            )
        self.padding.setText(sentence.format(pad, most))

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
        self._shown, self._shown_at = word, words.index(word)
        self.answer = f"{self._verdict(word.how)} {self._count(trace)}"
        self._word.set_heading(self._heading(word.how))
        self._why.setText(
            self.tr("The longest beginning that the vocabulary has is taken; what is left goes on with ##.")
            if word.how.candidates
            else self.tr("A word of more than 100 characters is not tried at all.")
        )
        self.candidates.setText("".join(_HANGING.format(self._line(tried)) for tried in _rounds(word.how.candidates)))

    def _tried(self) -> Sheet:
        """Every candidate of the word, in the order in which they were tried."""
        tried = self._shown.how.candidates if self._shown is not None else ()
        rows = [(candidate.piece, "taken" if candidate.taken else "") for candidate in tried]
        values = np.array(rows, dtype=object).reshape(-1, 2)
        return Sheet(values, [str(number + 1) for number in range(len(rows))], ("candidate", "taken"))

    def _python(self) -> str:
        return tokens_python.input_table(self.table.rows, self._labels.python)

    def _python_of_tried(self) -> str:
        return tokens_python.candidates(self._shown_at)

    def _heading(self, how: Explanation) -> str:
        if how.reason is not None:
            sentence = self.tr("Why “{0}” becomes {1}")
        else:
            sentence = self.tr("How “{0}” is cut") if len(how.pieces) > 1 else self.tr("Why “{0}” stays whole")
        return sentence.format(_short(how.typed), how.pieces[0])

    def _line(self, tried: list[Candidate]) -> str:
        """What was tried for one piece, longest first: crossed out up to the one that was taken."""
        shown = _abridged([_written(candidate) for candidate in tried])
        end = self.tr("taken") if tried[-1].taken else self.tr("none of them is in the vocabulary")
        return "&nbsp; ".join([*shown, end])

    def _verdict(self, how: Explanation) -> str:
        assert self._spelling is not None
        word, size = strong(escape(_short(how.word))), f"{self._spelling.vocabulary:,}"
        if how.reason == "too-long":
            return self.tr("{0} is longer than 100 characters, so it becomes {1}.").format(
                word, strong(escape(how.pieces[0]))
            )
        if how.reason is not None:
            last = _bare(how.candidates[-1].piece) if how.candidates else how.word
            return self.tr("{0} becomes {1}: the vocabulary of {2} entries has no piece that begins at {3}.").format(
                word, strong(escape(how.pieces[0])), size, strong(escape(_short(last)))
            )
        if len(how.pieces) == 1:
            return self.tr("{0} is in this vocabulary of {1} entries, so it stays whole.").format(word, size)
        return self.tr("{0} is not in this vocabulary of {1} entries, so it is cut: {2}.").format(
            word, size, strong(" + ".join(map(isolated, _abridged(list(map(escape, how.pieces))))))
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
    return _Spelling(spelling.words(bert, trace), len(bert.tokenizer.tokens))


def _rounds(candidates: tuple[Candidate, ...]) -> list[list[Candidate]]:
    """The candidates by the piece that they were tried for."""
    rounds: list[list[Candidate]] = [[]]
    for candidate in candidates:
        rounds[-1].append(candidate)
        if candidate.taken:
            rounds.append([])
    return [tried for tried in rounds if tried]


def _written(candidate: Candidate) -> str:
    piece = escape(_short(candidate.piece)).replace(" ", "&nbsp;").replace("…", "\u2060…\u2060")  # lines break there
    return strong(piece) if candidate.taken else f"<s>{isolated(piece)}</s>"


def _short(word: str) -> str:
    """``word`` without its middle where it is long: candidates differ at their ends."""
    half = _LONGEST // 2
    return word if len(word) <= _LONGEST else f"{word[:half]}…{word[1 - half :]}"


def _abridged(entries: list[str]) -> list[str]:
    """All of a few; of many the first and the last, and how many are left out between them."""
    if len(entries) <= _SHOWN:
        return entries
    half = _SHOWN // 2
    return [*entries[:half], f"… {len(entries) - 2 * half} …", *entries[-half:]]


def _bare(piece: str) -> str:
    return piece.removeprefix("##")
