"""Does B follow A? One pair, a whole paragraph, and what each token contributes (C14, C16)."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from explorer.widgets.pair_contributions import PairContributions
from explorer.widgets.pair_verdict import PairVerdict
from explorer.widgets.paragraph_grid import ParagraphGrid
from explorer.widgets.switched_page import SwitchedPage
from explorer.workspace import Workspace


class NextSentenceTab(SwitchedPage):
    """The verdict on the pair, every sentence of a paragraph against every other, and contributions."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.verdict, self.paragraph = PairVerdict(self), ParagraphGrid(self)
        self.contributions = PairContributions(self)
        self.use_views((self.verdict, self.paragraph, self.contributions), self.tr("What to show of the next sentence"))

    @property
    def title(self) -> str:
        return self.tr("Next sentence")

    @property
    def question(self) -> str:
        return self.tr("Does B follow A?")
