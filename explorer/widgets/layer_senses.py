"""Text vs context: one word in two sentences, from its one row of the table to two hidden states (C1)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from explorer.export_python import question
from explorer.widgets.beside import Beside
from explorer.widgets.columns import Columns
from explorer.widgets.figures import cosine, rounded_percent, signed
from explorer.widgets.layer_curve import Course, LayerCurve, heights
from explorer.widgets.line import Line
from explorer.widgets.page import Page
from explorer.widgets.panel import emphasised, isolated, strong
from explorer.widgets.picture import Picture
from explorer.widgets.view import View
from explorer.workspace import Selection
from model.lens import layers, masked_lm
from model.lens.layers import Comparison, Word
from model.scenario import Scenario
from model.trace import Trace

if TYPE_CHECKING:
    from model.bert import Bert

BITES, PROGRAMS = "He got bit by a Python.", "Python is a programming language."  # the chapter's example
_LONGEST = 400  # characters of a sentence
_AT_ONCE = 64  # tokens of a text that is compared for a look already; of a longer one the passes take too long
_FAINT = 0.1  # a largest share of attention: below, two decimals say too little
_LOWEST = 34.0  # pixels of the columns, so that both sentences of a long text fit one below the other
_EXPECTED = 3  # pieces that are named where the word is masked


@dataclasses.dataclass(frozen=True, eq=False)
class Senses:
    """A word in two sentences, each asked alone."""

    traces: tuple[Trace, Trace]
    words: tuple[Word, Word]
    comparison: Comparison
    expected: tuple[list[tuple[str, float]], ...]  # for each sentence: what stands there if the word is masked
    missing: str = ""  # a chosen word that only one of the sentences has, so that another was taken
    is_example: bool = False  # the question's sentences share no word, so these are the chapter's


class LayerSenses(View):
    """Left the curve over the layers, right what the word looks at in either sentence."""

    def __init__(self, page: Page, difference: Callable[[Page], View] | None = None) -> None:
        """``difference`` makes what stands in its place while the difference is asked for."""
        super().__init__(page)
        self._difference = difference
        self._asked: tuple[int | None, str] | None = None
        self._senses: Senses | None = None
        self._layer = 0  # whose attention is shown
        self._height: int | None = None  # clicked
        self._hovered: int | None = None
        self.second = QLineEdit(clearButtonEnabled=True)  # type: ignore[call-arg]
        self.example = QPushButton(self.tr("Example: two pythons"))
        self.curve = LayerCurve(_three)
        self.curved = Picture(self.curve, self.curve.sheet, "text-vs-context", python=self._python)
        self.looks = tuple(Columns("attention", least=_LOWEST) for _ in range(2))
        self.attention = tuple(
            Picture(looks, looks.sheet, "text-vs-context", python=partial(self._python_of_attention, side))
            for side, looks in enumerate(self.looks)
        )
        self.expected = tuple(Line() for _ in range(2))
        self._line = Line()
        self._lay_out()
        self.second.textChanged.connect(lambda: self.mark(self.workspace.selection))
        self.kept.add_control("second", self.second)
        self.example.clicked.connect(self._ask_example)
        self.curve.hovered.connect(self._hover)
        self.curve.chosen.connect(lambda height, _: self._choose(height))

    @property
    def title(self) -> str:
        return self.tr("Text vs context")

    @property
    def question(self) -> str:
        return self.tr("Does a word mean the same in another sentence?")

    @property
    def reading(self) -> str:
        """What the marked height says."""
        return self._line.text()

    def difference(self) -> View | None:
        return None if self._difference is None else self._difference(self.page)

    def draw(self, bert: Bert, trace: Trace) -> None:
        self._asked = self._hovered = None

    def mark(self, selection: Selection) -> None:
        trace = self.workspace.trace
        if trace is None:
            return
        if len(trace.tokens) > _AT_ONCE:
            selection = self.workspace.clicked
        asked = selection.token, self.second.text().strip()
        if asked != self._asked:
            self._asked = asked
            self.workspace.examine("LayersTab.senses", self._lens(*asked), self._show, self._refuse)

    def _lens(self, token: int | None, typed: str) -> Callable[[Bert, Trace], Senses | None]:
        """What is asked on the worker about the chosen ``token`` and the sentence that was ``typed``."""
        return lambda bert, trace: senses(bert, trace, token, typed)

    # How it is laid out

    def _lay_out(self) -> None:
        self.second.setMaxLength(_LONGEST)
        label = QLabel(self.tr("&Second sentence"))
        label.setBuddy(self.second)
        self.second.setAccessibleName(self.tr("Second sentence"))
        self.head = QWidget()
        head = QHBoxLayout(self.head)
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(12)
        head.addWidget(label)
        head.addWidget(self.second, 1)
        head.addWidget(self.example)
        left, right = QWidget(), QWidget()
        curve = QVBoxLayout(left)
        curve.addWidget(self.curved, 1)
        curve.addWidget(self._line)
        sentences = QVBoxLayout(right)
        sentences.setSpacing(4)
        for picture, line in zip(self.attention, self.expected, strict=True):
            sentences.addWidget(picture)
            sentences.addWidget(line)
            sentences.addSpacing(8)
        sentences.addStretch(1)
        for column in (curve, sentences):
            column.setContentsMargins(0, 0, 0, 0)
        self._parts = Beside(left, right, (1, 1))
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.head)
        whole.addWidget(self._parts, 1)
        whole.addStretch(0)

    # What is chosen: a height; the word is chosen in the strip

    def _hover(self, height: int | None) -> None:
        self._hovered = height
        self._read()

    def _choose(self, height: int) -> None:
        self._height, self._hovered = height, None
        self._read()

    def _ask_example(self) -> None:
        self.second.clear()
        self.workspace.ask(Scenario(BITES, PROGRAMS))

    # What it says

    def _refuse(self, error: Exception) -> None:
        if not isinstance(error, ValueError | MemoryError):
            raise error
        self._give_up(escape(str(error)) or self.tr("There is not enough memory for this: shorten the text."))

    def _give_up(self, sentence: str) -> None:
        """Says why there is no picture."""
        self._senses = None
        self._parts.hide()
        self._prompt()
        self.answer = sentence

    def _nothing_shared(self) -> str:
        trace, typed = self.workspace.trace, self.second.text().strip()
        assert trace is not None
        if not typed and not trace.scenario.second:
            return self.tr("Type a second sentence that has a word of the first, to see where its two uses part.")
        return self.tr("The two sentences share no word: type a second one that has a word of the chosen one.")

    def _prompt(self) -> None:
        """What stands in the empty field: the other sentence of the pair, where that is asked."""
        found = self._senses
        asked = None if found is None or found.is_example else found.traces[1].scenario.first
        self.second.setPlaceholderText(asked or self.tr("one with a word of the first in it"))

    def _show(self, found: Senses | None) -> None:
        if found is None:
            self._give_up(self._nothing_shared())
            return
        self._senses = found
        self._parts.show()
        self._prompt()
        comparison, word = found.comparison, found.words[0].text
        labels = (self.tr("token"), *heights(len(comparison.hidden)))
        hidden = np.concatenate([[comparison.token], comparison.hidden]).astype(np.float32)
        courses = [Course(self.tr("both {0}").format(word), hidden)]
        neighbour = np.full(len(hidden), np.nan, dtype=np.float32)
        neighbour[1:] = np.fmax(*comparison.neighbour)
        if np.isfinite(neighbour[1:]).all():
            courses.append(Course(self.tr("its context"), neighbour))
        self.curved.set_heading(self.tr("{0} and {0}").format(word), self.tr("cosine by layer"))
        self.curve.setAccessibleName(self.curved.heading)
        lowest = min(float(np.nanmin(course.values)) for course in courses)
        self.curve.show_courses(labels, courses, min(0.0, np.floor(lowest * 5) / 5), 1.0)
        self.answer = self._sentence(found)
        for line, expected, side in zip(self.expected, found.expected, (0, 1), strict=True):
            line.say(self._expects(expected, found.words[side].text))
            line.setVisible(bool(expected))
        self._read()

    def _python(self) -> str:
        columns = ["hidden", "context"][: len(self.curve.courses)]
        return (
            f"{self._python_of_comparison()}\n"
            "hidden = np.concatenate([[found.token], found.hidden]).astype(np.float32)\n"
            "context = np.append(np.float32(np.nan), np.fmax(*found.neighbour))\n"
            f"values = np.stack([{', '.join(columns)}], axis=1)"
        )

    def _python_of_attention(self, side: int) -> str:
        return f"{self._python_of_comparison()}\nvalues = found.attention[{side}][{self._layer}][:, None]"

    def _python_of_comparison(self) -> str:
        assert self._senses is not None  # or else nothing is seen
        lines = [
            f"{name} = bert.trace({question(trace.scenario)})\n"
            f"words = model.lens.layers.words({name})\n"
            f"{name}_word = next(word for word in words if word.positions == {word.positions})"
            for name, trace, word in zip(("here", "there"), self._senses.traces, self._senses.words, strict=True)
        ]
        return "\n".join([*lines, "found = model.lens.layers.compared(here, here_word, there, there_word)"])

    def _sentence(self, found: Senses) -> str:
        comparison, word = found.comparison, strong(escape(found.words[0].text))
        hidden, layer = comparison.hidden, comparison.parts_at
        if layer is None:
            said = self.tr("<b>No layer tells</b> the two {0} apart: their cosine is {1} at the input, {2} at the end.")
            said = emphasised(said).format(word, cosine(float(hidden[0])), cosine(float(hidden[-1])))
        else:
            said = self.tr(
                "The two {0} <b>part at layer {1}</b>: there their cosine falls most, from {2} to {3}; "
                "at the end it is {4}."
            )
            falls = (float(hidden[layer - 1]), float(hidden[layer]), float(hidden[-1]))
            said = emphasised(said).format(word, layer, *map(cosine, falls))
        sentences = [said, self._against(comparison)]
        if found.is_example:
            sentences.insert(0, self._why_example())
        elif found.missing:
            only = self.tr("{0} stands in one of the sentences only, so this is {1}.")
            sentences.insert(0, only.format(strong(escape(found.missing)), word))
        return " ".join(filter(None, sentences))

    def _why_example(self) -> str:
        trace = self.workspace.trace
        if trace is not None and not trace.scenario.second and not self.second.text().strip():
            return self.tr("Type a second sentence with a word of yours; until then this is the lecture's example.")
        return self.tr("Your sentences share no word, so this is the lecture's example.")

    def _against(self, comparison: Comparison) -> str:
        """What is nearer: the same word elsewhere, or the words around it."""
        if not all(comparison.neighbours):
            return ""
        side = int(comparison.neighbour[:, -1].argmax())
        name = strong(escape(comparison.neighbours[side][-1]))
        number = cosine(float(comparison.neighbour[side, -1]))
        start = comparison.nearer_to_context_from
        if start is None:
            return self.tr(
                "Still they are more alike than either is to its context, where {0} is nearest ({1})."
            ).format(name, number)
        height = heights(len(comparison.hidden))[start]
        sentence = self.tr("From {0} on its context is nearer than its namesake: at the end {1} ({2}).")
        return sentence.format(height, name, number)

    def _expects(self, expected: list[tuple[str, float]], word: str) -> str:
        pieces = ", ".join(f"{strong(escape(piece))} {escape(rounded_percent(share))}" for piece, share in expected)
        return self.tr("With {0} masked, expected there: {1}.").format(isolated(escape(word)), pieces)

    def _read(self) -> None:
        found = self._senses
        if found is None:
            return
        hidden = found.comparison.hidden
        place = self._height if self._hovered is None else self._hovered
        place = len(hidden) if place is None else min(place, len(hidden))  # 0 is the token embedding alone
        self.curved.mark((place, 0))
        if place == 0:
            number = strong(_three(found.comparison.token))
            self._line.say(
                self.tr("The token embedding alone, one row of the table for both: cosine {0}.").format(number)
            )
        else:
            sentence = self.tr("After {0}: cosine {1}.") if place > 1 else self.tr("As layer 1 reads them: cosine {1}.")
            self._line.say(sentence.format(heights(len(hidden))[place - 1], strong(_three(float(hidden[place - 1])))))
        self._show_attention(found, place)

    def _show_attention(self, found: Senses, place: int) -> None:
        """What the word looks at in the layer that makes the marked hidden state, or in the first one."""
        layers_there = len(found.comparison.hidden) - 1
        for picture, looks, side in zip(self.attention, self.looks, (0, 1), strict=True):
            picture.setVisible(layers_there > 0)
            if not layers_there:
                continue
            layer = self._layer = max(place - 2, 0)
            shares = found.comparison.attention[side][layer]
            looks.show_values(shares, found.traces[side].tokens, 2 if shares.max() >= _FAINT else 3)
            looks.mark(found.words[side].positions[0])
            heading = self.tr("What {0} looks at here") if not side else self.tr("What {0} looks at there")
            aside = self.tr("layer {0}, mean over its heads").format(layer + 1)
            picture.set_heading(heading.format(found.words[side].text), aside)
            looks.setAccessibleName(f"{picture.heading} {layer + 1}")


def senses(bert: Bert, trace: Trace, position: int | None, typed: str) -> Senses | None:
    """On the worker: the word at ``position`` in its sentence, and in what was ``typed`` or else the pair's other one.

    Each sentence is asked alone and without edits, with the switches and the direction of the question. Without a
    position, or where the other sentence lacks the word, it is the longest that both have; where none was typed and
    they share nothing, it is the lecture's example. None where there is no word to compare.
    """
    place = position if position is not None and position < len(trace.tokens) else 0
    text = trace.inputs.texts[place] or 0
    sentences = (trace.scenario.first, trace.scenario.second)
    here = _alone(bert, trace, sentences[text])
    chosen = None
    if trace.inputs.texts[place] is not None:
        place += 1 - trace.inputs.texts.index(text)
        chosen = next((word for word in layers.words(here) if place in word.positions), None)
    other = typed or sentences[1 - text].strip()
    there = _alone(bert, trace, other) if other else None
    found = None if there is None else compared((bert, here), (bert, there), chosen)
    if found is None and not typed:
        example = compared((bert, _alone(bert, trace, BITES)), (bert, _alone(bert, trace, PROGRAMS)), None)
        found = example and dataclasses.replace(example, is_example=True)
    return found


def compared(one: tuple[Bert, Trace], other: tuple[Bert, Trace], chosen: Word | None) -> Senses | None:
    """On the worker: the ``chosen`` word in both answers, or else the longest that both have; None without one.

    A mark such as "." is none.
    """
    here, there = one[1], other[1]
    unknown = one[0].tokenizer.unk_token  # two unknown words are not one
    pairs = [pair for pair in layers.shared(here, there) if unknown not in pair[0].pieces]
    same = next((its for word, its in pairs if chosen is not None and word.pieces == chosen.pieces), None)
    if chosen is not None and same is not None:
        words = chosen, same
    elif pairs and any(map(str.isalnum, pairs[0][0].text)):
        words = pairs[0]
    else:
        return None
    missing = chosen.text if chosen is not None and same is None else ""
    comparison = layers.compared(here, words[0], there, words[1])
    expected = tuple(_expected(*side, word) for side, word in zip((one, other), words, strict=True))
    return Senses((here, there), words, comparison, expected, missing)


def _alone(bert: Bert, trace: Trace, sentence: str) -> Trace:
    bare = dataclasses.replace(trace.scenario, first=sentence, second="", edits=(), flips=frozenset())
    return bert.trace(bare)


def _expected(bert: Bert, trace: Trace, word: Word) -> list[tuple[str, float]]:
    """What is expected in place of a word of one piece; nothing of a model that cannot say so."""
    if not bert.has_mlm or bert.config.is_decoder or len(word.positions) > 1:
        return []
    masked = bert.trace(trace.scenario.mask(word.positions[0]))
    return masked_lm.predictions(bert, masked, word.positions[0], _EXPECTED)


def _three(value: float) -> str:
    """Three decimals: 1.000 is the one row of the table."""
    return signed(value, 3)
