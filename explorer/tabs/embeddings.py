"""What does each token start as? The input embedding, and what its parts are made of (C7, C9, C10)."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from explorer.widgets.addition import Addition
from explorer.widgets.addition_difference import AdditionDifference
from explorer.widgets.position_map import PositionMap
from explorer.widgets.segment_flip import SegmentFlip
from explorer.widgets.switched_page import SwitchedPage
from explorer.widgets.token_cosines import TokenCosines
from explorer.workspace import Workspace


class EmbeddingsTab(SwitchedPage):
    """The addition, cosines between tokens, the position table and what a segment changes, one at a time."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.addition, self.cosines = Addition(self, AdditionDifference), TokenCosines(self)
        self.positions, self.flip = PositionMap(self), SegmentFlip(self)
        self.use_views(
            (self.addition, self.cosines, self.positions, self.flip), self.tr("What to show of the embeddings")
        )

    @property
    def title(self) -> str:
        return self.tr("Embeddings")

    @property
    def question(self) -> str:
        return self.tr("What does each token start as?")
