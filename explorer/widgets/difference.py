"""What differences have in common: when two answers cannot be subtracted, and what is said of tokens without a like."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

from PySide6.QtCore import QCoreApplication

from explorer.comparison import Answer
from explorer.widgets.axis import elided
from explorer.widgets.panel import strong
from model.lens import difference, masked_lm
from model.lens.difference import Matching
from model.trace import Trace
from model.training.run import snapshot_at

translate = QCoreApplication.translate  # by its own name: lupdate finds the texts by it


def blank(missing: int, size: int) -> str:
    """How many of ``size`` tokens have no like; empty where all have one."""
    sentence = translate("Difference", "Tokens without their like in the pinned sentence are struck out: {0} of {1}.")
    return sentence.format(missing, size) if missing else ""


def not_there(token: str) -> str:
    """What is said where the chosen token has no like."""
    sentence = translate("Difference", "This {0} has no like in the pinned sentence: choose another token.")
    return sentence.format(strong(escape(elided(token))))


def replaced(now: Trace, pinned: Trace, matching: Matching) -> list[int]:
    """Positions of tokens that their like in the pinned answer is not, such as [MASK] where a word stood."""
    pairs = zip(matching.after.tolist(), matching.before.tolist(), strict=True)
    return [place for place, like in pairs if now.tokens[place] != pinned.tokens[like]]


def chosen_places(now: Answer, pinned: Answer, token: int | None) -> tuple[int, int | None]:
    """On the worker: the chosen ``token``, or else the first of those in both that is edited in either; and its like.

    The like is None where the pinned answer has none. Where nothing is edited it is the first word that both have, or
    the last for a model that reads left-to-right, which goes on from there.
    """
    rows = now.trace.inputs
    matching = difference.match(rows, pinned.trace.inputs)
    likes = dict(zip(matching.before.tolist(), matching.after.tolist(), strict=True))
    edited = [*masked_lm.asked(*now), *(likes[place] for place in masked_lm.asked(*pinned) if place in likes)]
    words = [place for place in likes.values() if rows.texts[place] is not None]
    words = words[::-1] if now.bert.config.is_decoder else words
    wished = [place for place in edited if matching.like(place) is not None] or words or [0]  # [CLS] is in both
    position = token if token is not None and token < len(rows) else wished[0]
    return position, matching.like(position)


def two_spaces(now: Answer, pinned: Answer) -> str:
    """Why the vectors of the two answers cannot be compared; empty for one model, or two snapshots of one run."""
    if now.trace.fingerprint == pinned.trace.fingerprint:
        return ""
    runs = [snapshot_at(bert.origin) if bert.origin is not None else None for bert in (now.bert, pinned.bert)]
    if runs[0] is not None and runs[1] is not None and runs[0][0] == runs[1][0]:
        return ""
    return translate(
        "Difference",
        "{0} and {1} learnt apart: what a dimension means in one, it does not mean in the other, so their vectors "
        "cannot be compared. Pin an answer of this model.",
    ).format(escape(now.bert.name), escape(pinned.bert.name))


def other_layers(now: Answer, pinned: Answer) -> str:
    """Why the two answers cannot be compared layer by layer; empty where they can."""
    return _refused(difference.require_layers, now.trace, pinned.trace)


def no_predictions(now: Answer, pinned: Answer) -> str:
    """Why predictions of the two answers cannot be compared; empty where they can."""
    without = next((bert for bert in (now.bert, pinned.bert) if not bert.has_mlm), None)
    if without is not None:
        return translate(
            "Difference",
            "{0} has no masked-LM head, so there are no predictions to compare. Pin an answer of a model with one.",
        ).format(escape(without.name))
    if now.bert.config.is_decoder != pinned.bert.config.is_decoder:
        return translate(
            "Difference",
            "One of the two models says what comes next and the other what stands at a position: there is no "
            "difference to show. Choose Now or Pinned.",
        )
    return _refused(difference.require_vocabulary, now.bert, pinned.bert)


def no_verdicts(now: Answer, pinned: Answer) -> str:
    """Why what the two models say of a pair cannot be compared; empty where it can."""
    without = next((bert for bert in (now.bert, pinned.bert) if not bert.has_nsp), None)
    if without is None:
        return ""
    return translate(
        "Difference",
        "{0} has no next-sentence head, so there is nothing to compare. Pin an answer of a model with one.",
    ).format(escape(without.name))


def no_pairs(now: Answer, pinned: Answer) -> str:
    """Why the verdicts of the two answers cannot be compared; empty where they can."""
    if no_verdicts(now, pinned):
        return no_verdicts(now, pinned)
    if 1 not in now.trace.inputs.texts:
        return translate("Difference", "There is only one sentence. Type a second one into B to compare what follows.")
    if 1 not in pinned.trace.inputs.texts:
        return translate(
            "Difference", "The pinned answer is of one sentence only. Pin an answer of two to compare them."
        )
    return ""


def _refused(require: Callable[[Any, Any], None], now: Any, pinned: Any) -> str:
    """Why ``require`` does not let the two be compared; empty where it does."""
    try:
        require(now, pinned)
    except ValueError as error:
        return escape(str(error))
    return ""
