"""What the open model is: its stack with real sizes, its weights by part, its vocabulary, heads and origin (C6)."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from explorer import theme
from explorer.export import Sheet
from explorer.widgets.beside import Beside
from explorer.widgets.panel import Panel, strong
from explorer.widgets.picture import Picture
from explorer.widgets.scroll import Scroll
from explorer.widgets.stack import Box, Stack, shown_layers
from explorer.workspace import Workspace
from model import card
from model.trace import Trace

if TYPE_CHECKING:
    from model.bert import Bert

_SIZE = QSize(1080, 660)  # pixels, at the system's text size
_CARDS = ("MODEL_CARD.md", "README.md")  # what may lie beside the weights


class _Card(NamedTuple):
    """What is asked of the model on the worker."""

    parts: tuple[card.Part, ...]
    total: int
    words: str  # the card that lies in the model's folder, as Markdown; empty where there is none


class ModelCard(QDialog):
    """Follows the open model while it is open itself. Does not block the window."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self._shown: Bert | None = None
        self._parts: tuple[card.Part, ...] = ()
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        room = self.screen().availableSize() if parent is None else parent.size()
        self.resize((_SIZE * theme.text_scale()).boundedTo(room))
        self.heading, self.summary, self.facts = QLabel(), QLabel(wordWrap=True), QLabel(wordWrap=True)
        theme.role(self.heading, "question")
        theme.role(self.summary, "answer")
        for label in (self.heading, self.summary):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.facts.setTextFormat(Qt.TextFormat.RichText)
        self.facts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.stack = Stack()
        self.stack.setAccessibleName(self.tr("The stack, from the input at the bottom to the heads on top"))
        heading = self.tr("The stack, from the input up")
        self.picture = Picture(self.stack, self._sheet, "model", heading, python=_python)
        self.words = QTextBrowser()
        self.words.setOpenLinks(False)
        self._lay_out()
        workspace.answered.connect(self._renew)
        self._renew()

    def _lay_out(self) -> None:
        left, right = QWidget(), QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.picture)
        column.addStretch(1)
        facts = Panel(self.tr("Facts"))
        facts.column.addWidget(self.facts)
        self._told = Panel(self.tr("What its makers say"))
        self._told.column.addWidget(self.words, 1)
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(14)
        column.addWidget(facts)
        column.addWidget(self._told, 1)
        column.addStretch(0)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 16)
        layout.addWidget(self.heading)
        layout.addWidget(self.summary)
        layout.addSpacing(6)
        layout.addWidget(Scroll(Beside(left, right, (3, 2), spacing=24)), 1)
        layout.addWidget(buttons)

    def _renew(self) -> None:
        bert = self.workspace.bert
        if bert is None or bert is self._shown:
            return
        self.setWindowTitle(self.tr("About {model}").format(model=bert.name))
        self.heading.setText(bert.name)
        self.workspace.examine("ModelCard", _card, lambda found: self._show(bert, found), self._fail)

    def _show(self, bert: Bert, found: _Card) -> None:
        self._shown, self._parts = bert, found.parts
        config = bert.config
        sentence = self.tr("{layers} layers, each with {heads} heads, on {size} numbers a token: {count} weights.")
        self.summary.setText(
            sentence.format(
                layers=config.num_hidden_layers,
                heads=config.num_attention_heads,
                size=config.hidden_size,
                count=f"{found.total:,}",
            )
        )
        self.stack.show_boxes(self._boxes(bert), found.total)
        self.facts.setText("<br>".join(f"{escape(name)}: {value}" for name, value in self._facts(bert)))
        self.words.setMarkdown(found.words)
        self._told.setVisible(bool(found.words))

    def _fail(self, error: Exception) -> None:
        if not isinstance(error, ValueError | OSError):
            raise error
        self.summary.setText(str(error))

    # What is written

    def _boxes(self, bert: Bert) -> list[Box]:
        by_name = {part.name: part for part in self._parts}
        titles = self._titles()

        def box(name: card.PartName) -> list[Box]:
            part = by_name.get(name)
            if part is None:
                return []
            return [Box(titles[name], _arrows(part.sizes), part.parameters, f"{part.parameters:,}")]

        attention, forward = by_name["attention"], by_name["feed-forward"]
        each = attention.parameters + forward.parameters
        sizes = self.tr("{heads} heads × {head} · feed-forward {sizes}").format(
            heads=bert.config.num_attention_heads, head=bert.config.head_size, sizes=_arrows(forward.sizes)
        )
        layers, hidden = shown_layers(attention.count)
        boxes = [Box(self.tr("Layer {0}").format(layer), sizes, each, f"{each:,}") for layer in layers]
        if hidden:
            between = self.tr("{0} more layers like these").format(hidden)
            boxes.insert(-2, Box(between, sizes, each * hidden, f"{each * hidden:,}", quiet=True))
        heads = [*box("decoder"), *box("mlm"), *box("nsp"), *box("pooler")]
        tables = [*box("position"), *box("segment"), *box("token")]
        return [*heads, *boxes, *box("embedding norm"), *tables]

    def _titles(self) -> dict[card.PartName, str]:
        return {
            "token": self.tr("Token embedding"),
            "segment": self.tr("Segment embedding"),
            "position": self.tr("Position embedding"),
            "embedding norm": self.tr("LayerNorm of their sum"),
            "attention": self.tr("Self-attention of a layer"),
            "feed-forward": self.tr("Feed-forward of a layer"),
            "pooler": self.tr("Pooler, at [CLS]"),
            "nsp": self.tr("Next sentence head, at [CLS]"),
            "mlm": self.tr("Masked LM head, at every token: transform"),
            "decoder": self.tr("Masked LM head, at every token: decoder"),
        }

    def _facts(self, bert: Bert) -> list[tuple[str, str]]:
        config, tokenizer = bert.config, bert.tokenizer
        pieces = sum(token.startswith("##") for token in tokenizer.tokens)
        letters = self.tr("lower-cased") if tokenizer.lowercase else self.tr("cased")
        present = {self.tr("masked LM"): bert.has_mlm, self.tr("next sentence"): bert.has_nsp}
        heads = [name for name, there in present.items() if there] or [self.tr("none")]
        longest = strong(str(config.max_position_embeddings))
        if bert.trained_length is None:
            length = self.tr("{0} tokens").format(longest)
        else:
            length = self.tr("{0} tokens, trained on the first {1}").format(longest, bert.trained_length)
        way = self.tr("left-to-right") if config.is_decoder else self.tr("both ways")
        counts = self.tr("{0} entries, {1} of them continue a word (##); {2}")
        facts = [
            (self.tr("Vocabulary"), counts.format(strong(f"{len(tokenizer.tokens):,}"), f"{pieces:,}", letters)),
            (self.tr("Heads"), strong(escape(", ".join(heads)))),
            (self.tr("Longest input"), length),
            (self.tr("Attention"), way),
            (self.tr("Activation"), escape(config.hidden_act)),
            (self.tr("Folder"), escape(str(bert.origin or "–"))),
            (self.tr("Fingerprint"), bert.fingerprint),
        ]
        if bert.has_mlm and config.tie_word_embeddings:
            facts.insert(2, (self.tr("Decoder"), self.tr("the token embedding again, with a bias of its own")))
        return [*facts, *((self.tr("Note"), escape(note)) for note in bert.notes)]

    def _sheet(self) -> Sheet:
        rows = [
            [_arrows(part.sizes), part.parameters, part.count, part.parameters * part.count] for part in self._parts
        ]
        columns = ("sizes", "parameters of one", "how many", "parameters")
        values = np.array(rows, dtype=object).reshape(-1, len(columns))
        return Sheet(values, [part.name for part in self._parts], columns)


def _python() -> str:
    return (
        "from model import card\n\n"
        "values = np.empty((0, 4), object)\n"
        "for part in card.parts(bert):\n"
        '    sizes = " → ".join(f"{size:,}" for size in part.sizes)\n'
        "    row = (sizes, part.parameters, part.count, part.parameters * part.count)\n"
        "    values = np.vstack([values, np.array(row, object)])"
    )


def _card(bert: Bert, _: Trace) -> _Card:
    """On the worker."""
    words = ""
    for name in _CARDS:
        file = (bert.origin or Path()) / name
        if bert.origin is not None and file.is_file():
            words = file.read_text(encoding="utf-8", errors="replace")[:100_000]
            break
    bert.fingerprint  # noqa: B018 - counted here, kept for the GUI thread
    return _Card(card.parts(bert), bert.parameters, words)


def _arrows(sizes: tuple[int, ...]) -> str:
    return " → ".join(f"{size:,}" for size in sizes)
