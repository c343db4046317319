"""The doctor: what looks wrong in a run, the worst first, and where nothing does, what is known of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from model.training.evidence import Evidence
from model.training.rules import LEFT_COIN, LEFT_UNIGRAM, RULES, SETTLED, SEVERITIES, Finding, the_loss

__all__ = ["Evidence", "Finding", "diagnose", "summary"]


def diagnose(evidence: Evidence) -> tuple[Finding, ...]:
    """What looks wrong in the run, the worst first; empty where nothing does, or nothing can be judged yet."""
    found = [finding for rule in RULES if (finding := rule(evidence)) is not None]
    return tuple(sorted(found, key=lambda finding: SEVERITIES.index(finding.severity)))


def summary(evidence: Evidence, findings: Sequence[Finding] | None = None) -> str:
    """What is known of the run so far, in a few sentences; the first is "Healthy." where it learns and no rule objects.

    ``findings`` are those of ``diagnose``, where they are known already. Empty before the first line, and where all
    that is to be said are its warnings and alarms.
    """
    if not evidence.step:
        return ""
    known = list(_known(evidence))
    if findings is None:
        findings = diagnose(evidence)
    if any(finding.severity != "note" for finding in findings):
        return " ".join(known)
    if _left_unigram(evidence) is not None:
        return " ".join(["Healthy.", *known])
    if evidence.effort < SETTLED:
        if evidence.ended:
            return f"Too short to judge: the run ended at step {evidence.step:,}."
        return f"Too early to judge: the run is at step {evidence.step:,}."
    return " ".join(["Nothing looks wrong so far.", *known])


def _left_unigram(evidence: Evidence) -> int | None:
    unigram = evidence.baselines.get("unigram_entropy", math.nan)
    return evidence.whole("mlm_loss").left(LEFT_UNIGRAM * unigram)


def _known(evidence: Evidence) -> Iterator[str]:
    mlm, pairs = _left_unigram(evidence), evidence.whole("nsp_loss")
    coin = pairs.left(LEFT_COIN)
    if mlm is None:
        if evidence.effort >= SETTLED and "unigram_entropy" in evidence.baselines:
            yield f"{the_loss(evidence)} has yet to leave the unigram line."
        return
    if coin is not None:
        yield f"{the_loss(evidence)} left the unigram line at step {mlm:,}, NSP its coin at step {coin:,}."
    else:
        yield f"{the_loss(evidence)} left the unigram line at step {mlm:,}."
        if pairs.enough:
            yield "NSP has yet to leave its coin."
    held_out, trained = evidence.held_out("mlm_loss"), evidence.series("mlm_loss")
    if not len(held_out):
        return
    there, here = float(held_out.values[-1]), trained.around(held_out.steps[-1])
    if evidence.comparable and abs(there - here) < 0.05 * there:
        yield f"Training and validation agree at {there:.2f}."
    elif evidence.comparable and here < there:
        yield f"The validation loss is {there:.2f}, {there - here:.2f} above that of training."
    if (floor := evidence.baselines.get("floor")) is not None:
        yield f"The floor of these texts is {floor:.2f}."
