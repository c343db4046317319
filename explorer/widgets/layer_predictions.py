"""What every layer would predict if it were the last: the logit lens, and any word through the layers."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from explorer.widgets.axis import Axis, token_axis
from explorer.widgets.beside import Beside
from explorer.widgets.curve_axes import bounds
from explorer.widgets.figures import percent, rounded_percent
from explorer.widgets.heatmap import Cell, Scale
from explorer.widgets.job import Job
from explorer.widgets.layer_curve import Course, LayerCurve, heights, percents
from explorer.widgets.layer_map import Capped, LayerMap
from explorer.widgets.lens_difference import AT_ONCE, LensDifference
from explorer.widgets.line import Line
from explorer.widgets.page import Page
from explorer.widgets.panel import strong
from explorer.widgets.view import View
from explorer.widgets.word_map import WordMap
from explorer.workspace import Selection
from model.lens import layers, masked_lm
from model.lens.layers import LogitLens, PiecePath
from model.trace import Trace

if TYPE_CHECKING:
    from model.bert import Bert

_LONGEST = 64  # characters of a word


class _Paths(NamedTuple):
    """Entries through the layers at one position: the one that is best at the end, the text's own, the typed one."""

    best: PiecePath
    original: PiecePath | None
    typed: PiecePath | None
    refusal: str  # why the typed one cannot be followed


class LayerPredictions(View):
    """Left the best piece of every layer at every position; right how words fare through the layers at one."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self._lens: LogitLens | None = None
        self._asked: tuple[int, str] | None = None  # position and word whose paths are shown, or on their way
        self._height: int | None = None  # clicked
        self._hovered: int | None = None
        self.words = WordMap()
        self.map = LayerMap(self.words, "logit-lens", _python)
        self.curve = LayerCurve(percent, ticks=percents)
        self.paths = Capped(self.curve, self.curve.sheet, "layers-words", self._python_of_paths)
        self.word = QLineEdit(clearButtonEnabled=True)  # type: ignore[call-arg]
        self.job = Job(self.workspace, "LayersTab.lens", self.tr("Ask layer by layer"), self.words)
        self.score, self._line = Line(), Line()
        self._lay_out()
        self.words.hovered.connect(self._hover)
        self.words.chosen.connect(self._choose)
        self.curve.hovered.connect(self._hover_height)
        self.curve.chosen.connect(lambda height, _: self._choose_height(height))
        self.word.textChanged.connect(lambda: self.mark(self.workspace.selection))
        self.kept.add_control("word", self.word)

    @property
    def title(self) -> str:
        return self.tr("Predictions")

    @property
    def question(self) -> str:
        bert = self.workspace.bert
        if bert is not None and bert.config.is_decoder:
            return self.tr("What would each layer say comes next?")
        return self.tr("What would each layer predict?")

    @property
    def reading(self) -> str:
        """What the marked cell says."""
        return self._line.text()

    def difference(self) -> View:
        return LensDifference(self.page)

    def draw(self, bert: Bert, trace: Trace) -> None:
        self._asked = self._hovered = None
        self._parts.setVisible(bert.has_mlm)
        if not bert.has_mlm:
            self._lens = None
            self.answer = self.tr(
                "{0} has no masked-LM head, so its layers cannot be asked for tokens. "
                "Open a model that was pre-trained with one, such as the starter model."
            ).format(strong(escape(bert.name)))
            return
        if self.job.is_about(trace) and self._lens is not None:
            return
        self._lens = None
        self.map.set_heading(self.tr("Best piece of every layer"), self.tr("the colour is its probability"))
        states = trace.hidden.shape[0] * trace.hidden.shape[1]
        few = float(states) * trace.hidden.shape[2] * bert.config.vocab_size <= AT_ONCE
        if not few:
            self.words.show_words(np.zeros((0, 0), dtype=np.float32), (), Axis(()), Axis(()))
        hint = self.tr("The masked-LM head is asked about {0} hidden states, which takes a while.")
        self.job.offer(layers.logit_lens, self._show_lens, hint.format(f"{states:,}"), at_once=few)

    def mark(self, selection: Selection) -> None:
        bert, trace = self.workspace.bert, self.workspace.trace
        if bert is None or trace is None or not bert.has_mlm:
            return
        asked = self._position(bert, trace, selection), self.word.text().strip()
        if asked != self._asked:
            self._asked = asked
            label = self.tr("&Any word after position {0}") if bert.config.is_decoder else self.tr("&Any word at {0}")
            self._word_label.setText(label.format(asked[0]))
            self.page.examine("paths", lambda bert, trace: _paths(bert, trace, *asked), self._show_paths)
        self._read()

    # How it is laid out

    def _lay_out(self) -> None:
        self.map.column.insertWidget(1, self.job)
        self.word.setMaxLength(_LONGEST)
        self.word.setPlaceholderText(self.tr("how likely is it from layer to layer?"))
        self.word.setAccessibleName(self.tr("Any word"))
        self._word_label = QLabel()
        self._word_label.setBuddy(self.word)
        below = QWidget()
        typed = QHBoxLayout(below)
        typed.setContentsMargins(0, 0, 0, 0)
        typed.setSpacing(12)
        typed.addWidget(self._word_label)
        typed.addWidget(self.word, 1)
        self.paths.add_below(below)
        self.paths.add_below(self.score)
        self._parts = Beside(self.map, self.paths, (5, 3))
        self.map.add_reading(Scale.SHARE, self._line)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._parts)

    # What is chosen

    def _position(self, bert: Bert, trace: Trace, selection: Selection) -> int:
        """The chosen token, or else the first that was edited or masked, or else the first of the text."""
        last = len(trace.tokens) - 1
        if selection.token is not None and selection.token <= last:
            return selection.token
        asked = masked_lm.asked(bert, trace)
        return next(iter(asked), max(last - 1, 0) if bert.config.is_decoder else min(1, last))

    def _hover(self, cell: Cell | None) -> None:
        self._hovered = None if cell is None else cell[0]
        if cell is None:
            self.workspace.hover()
        else:
            self.workspace.hover(token=cell[1])
        self._read()  # another layer of the same token is no other selection

    def _choose(self, height: int, token: int) -> None:
        self._height, self._hovered = height, None
        self.workspace.select(token=token)
        self._read()
        if self._lens is not None:
            self.workspace.inspect_piece(token, self._lens.best[height][token], height)

    def _hover_height(self, height: int | None) -> None:
        self._hovered = height
        self._read()

    def _choose_height(self, height: int) -> None:
        self._height, self._hovered = height, None
        self._read()

    def _shown_height(self, count: int) -> int:
        height = self._height if self._hovered is None else self._hovered
        return count - 1 if height is None else min(height, count - 1)

    # What it says

    def _python_of_paths(self) -> str:
        pieces = [course.name for course in self.curve.courses]
        position = None if self._asked is None else self._asked[0]
        return (
            f"found = model.lens.layers.paths(bert, trace, {position}, {pieces})\n"
            "values = np.stack([path.probability for path in found], axis=1)"
        )

    def _show_lens(self, lens: LogitLens) -> None:
        trace = self.workspace.trace
        assert trace is not None
        self._lens = lens
        rows = Axis(heights(len(lens.best)))
        self.words.setAccessibleName(self.map.heading)
        self.map.fit(lens.probability.shape, beside=self.paths)
        self.words.show_words(lens.probability, lens.best, rows, token_axis(trace))
        self._read()

    def _show_paths(self, found: _Paths) -> None:
        bert, trace = self.workspace.bert, self.workspace.trace
        assert bert is not None
        assert trace is not None
        assert self._asked is not None
        position = self._asked[0]
        known: dict[str, PiecePath] = {}
        for path in (found.typed, found.best, found.original):
            if path is not None:
                known.setdefault(path.piece, path)
        rows = len(found.best.probability)
        high = bounds(0.0, max(float(path.probability.max()) for path in known.values()), log=False)[1]
        courses = [Course(piece, path.probability) for piece, path in known.items()]
        heading = self.tr("After position {0}") if bert.config.is_decoder else self.tr("At position {0}")
        self.paths.set_heading(heading.format(position), self.tr("probability"))
        self.curve.setAccessibleName(self.paths.heading)
        self.curve.show_courses(heights(rows), courses, 0.0, min(high, 1.0))
        self.answer = self._sentence(bert, trace, position, found)
        self.score.say(self._score(bert, found))
        self._read()

    def _sentence(self, bert: Bert, trace: Trace, position: int, found: _Paths) -> str:
        best, rows = found.best, len(found.best.rank)
        first = next((height + 1 for height in reversed(range(rows)) if best.rank[height] != 1), 0)
        token, piece = strong(escape(trace.tokens[position])), strong(escape(best.piece))
        share = escape(rounded_percent(float(best.probability[-1])))
        if bert.config.is_decoder:
            sentence = (
                self.tr("After {0}, {1} ({2} at the end) leads from {3} on.")
                if first
                else self.tr("After {0}, {1} ({2} at the end) leads from the input on.")
            )
        else:
            sentence = (
                self.tr("Where {0} stands, {1} ({2} at the end) leads from {3} on.")
                if first
                else self.tr("Where {0} stands, {1} ({2} at the end) leads from the input on.")
            )
        lens = self.tr("Each layer is asked with the head that was trained for the last: what would it say already?")
        height = strong(heights(rows)[first])
        return f"{sentence.format(token, piece, share, height)} {lens}"

    def _score(self, bert: Bert, found: _Paths) -> str:
        if found.refusal:
            return escape(found.refusal)
        path = found.typed
        if path is None:
            return self.tr("Type a word to follow it from layer to layer.")
        first, last = (escape(rounded_percent(float(path.probability[place]))) for place in (0, -1))
        size, name = f"{len(bert.tokenizer.tokens):,}", strong(escape(path.piece))
        said = self.tr("{0}: {1} at the input, {2} at the end, there in place {3} of {4}.").format(
            name, first, last, f"{path.rank[-1]:,}", size
        )
        if len(path.pieces) == 1:
            return said
        pieces = escape(" ".join(path.pieces))
        return f"{self.tr('The word is {0}; a position holds one piece, so this is its first.').format(pieces)} {said}"

    def _read(self) -> None:
        lens, trace = self._lens, self.workspace.trace
        if self._asked is None or trace is None:
            return
        height, position = self._shown_height(trace.hidden.shape[0]), self._asked[0]
        if self.curve.courses:
            self.paths.mark((height, 0))
        if lens is None:
            self._line.say("")
            return
        self.map.mark((height, position))
        words = [trace.tokens[position], lens.best[height][position]]
        share = rounded_percent(float(lens.probability[height, position]))
        row = heights(len(lens.best))[height]
        sentence = self.tr("Position {0}, {1}, {2}: {3} is best, with {4}.")
        self.words.setAccessibleDescription(sentence.format(position, words[0], row, words[1], share))
        token, piece = (strong(escape(word)) for word in words)
        self._line.say(sentence.format(position, token, row, piece, strong(escape(share))))


def _paths(bert: Bert, trace: Trace, position: int, word: str) -> _Paths:
    """On the worker."""
    expected = masked_lm.expectation(bert, trace, position, top=1)
    known = [expected.best[0][0], *([expected.original] if expected.original is not None else [])]
    refusal = ""
    if word:
        try:
            typed, *found = layers.paths(bert, trace, position, [word, *known])
            return _Paths(found[0], found[1] if len(found) > 1 else None, typed, "")
        except ValueError as error:
            refusal = str(error)
    found = layers.paths(bert, trace, position, known)
    return _Paths(found[0], found[1] if len(found) > 1 else None, None, refusal)


def _python() -> str:
    return "values = model.lens.passes.result(model.lens.layers.logit_lens(bert, trace)).probability"
