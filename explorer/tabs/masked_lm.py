"""What does BERT expect here? Predictions for a position, and what training would hide (C13)."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from explorer.widgets.corruptor import Corruptor
from explorer.widgets.predictions import Predictions
from explorer.widgets.switched_page import SwitchedPage
from explorer.widgets.token_contributions import TokenContributions
from explorer.workspace import Workspace


class MaskedLMTab(SwitchedPage):
    """The predictions, what each token contributes to one, and the corruptor, one at a time."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.predictions, self.contributions = Predictions(self), TokenContributions(self)
        self.corruptor = Corruptor(self)
        self.use_views((self.predictions, self.contributions, self.corruptor), self.tr("What to show of the masked LM"))
        self.corruptor.put_in.connect(lambda: self.show_view(self.predictions))

    @property
    def title(self) -> str:
        return self.tr("Masked LM")

    @property
    def question(self) -> str:
        return self.tr("What does BERT expect here?")
