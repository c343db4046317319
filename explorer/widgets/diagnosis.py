"""What the doctor says of a run: the worst first, and where nothing looks wrong, what is known so far."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from explorer import theme
from explorer.widgets.line import Line
from explorer.widgets.panel import isolated, strong
from model.training.doctor import Finding


class Diagnosis(QFrame):
    """One paragraph a finding: what looks wrong, and what to do."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._said: tuple[Sequence[Finding], str] = ((), "")
        theme.role(self, "group")
        self.words = Line()
        self.setAccessibleName(self.tr("Doctor"))
        column = QVBoxLayout(self)
        column.setContentsMargins(2, 4, 2, 4)
        column.addWidget(self.words)
        self._say()

    def show_findings(self, findings: Sequence[Finding], health: str) -> None:
        """Shows ``findings``, the worst first, or else ``health``, both of the doctor's."""
        if (findings, health) != self._said:
            self._said = findings, health
            self._say()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._say()

    def _say(self) -> None:
        findings, health = self._said
        names = {"alarm": self.tr("Alarm"), "warning": self.tr("Warning"), "note": self.tr("Note")}
        paragraphs = [
            f"{strong(names[finding.severity])} · {isolated(escape(finding.says))} {strong(escape(finding.do))}"
            for finding in findings
        ]
        if health:
            paragraphs.append(isolated(escape(health)))
        if not paragraphs:
            paragraphs = [self.tr("The doctor looks at the curves once there are some.")]
        below = "".join(f'<p style="margin: 3px 0 0 0">{paragraph}</p>' for paragraph in paragraphs)
        self.words.say(strong(self.tr("Doctor")) + below)
