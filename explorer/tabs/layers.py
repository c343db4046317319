"""How does meaning change on the way up? Tokens by layer, what each layer would predict, text and context (C1, C12)."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from explorer.widgets.layer_predictions import LayerPredictions
from explorer.widgets.layer_senses import LayerSenses
from explorer.widgets.layer_similarity import LayerSimilarity
from explorer.widgets.senses_difference import SensesDifference
from explorer.widgets.switched_page import SwitchedPage
from explorer.workspace import Workspace


class LayersTab(SwitchedPage):
    """The chosen token through the layers, the logit lens, and one word in two sentences, one at a time."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.similarity, self.predictions, self.senses = (
            LayerSimilarity(self),
            LayerPredictions(self),
            LayerSenses(self, SensesDifference),
        )
        self.use_views((self.similarity, self.predictions, self.senses), self.tr("What to show of the layers"))

    @property
    def title(self) -> str:
        return self.tr("Layers")

    @property
    def question(self) -> str:
        return self.tr("How does meaning change on the way up?")
