"""The doctor's rules: each says in words what looks wrong in a run, and what to change in its recipe.

Each rule looks at one thing and is silent where it cannot judge yet. What passes of itself is a note, what wastes time
a warning, what makes the rest of the run worthless an alarm. Losses are in nats. Importing this loads no torch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from model.training.baselines import NEXT_SENTENCE
from model.training.evidence import Evidence, spikes
from model.training.recipe import Recipe

Severity = Literal["alarm", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("alarm", "warning", "note")  # the worst first

# Of the steps so far, each counted by its learning rate as a share of the peak (``Evidence.effort``):
SETTLED = 100  # before this nothing is said of a curve
_MUST_MOVE = 300  # a network that learns anything has left ln V by now
_MUST_LEARN_WORDS = 3_000  # ... the frequencies of words
_COIN_IS_WORTH_A_WORD = 500
_MUST_LEARN_PAIRS = 10_000  # ... and the coin of NSP, which takes its time

LEFT_UNIGRAM = 0.97  # times the unigram entropy
LEFT_COIN = 0.65  # nats
_AT_COIN = 0.68  # nats; 0.693 less what is noise
_WORSE_THAN_COIN = 0.73  # nats; a network that knows nothing of pairs comes back to 0.693, unless it is thrown about
_PAIR = 0.3  # nats: the standard deviation of one pair's loss near the coin
_ROWS = 512  # held-out inputs; a mean over fewer wavers more
_PER_ENTRY = 50  # tokens of the texts; with fewer, most entries are hardly ever seen
_WAITS = 0.3  # of the time
_LEAST_WAITED = 20.0  # seconds of training before it is said


@dataclass(frozen=True)
class Finding:
    """What one rule found."""

    rule: str  # the name of the rule, for whoever keeps findings apart
    severity: Severity
    says: str  # what looks wrong, with the figures
    do: str  # what to do, naming the recipe's keys


# How it ended


def _broke_down(evidence: Evidence) -> Finding | None:
    if evidence.state == "failed":
        why = evidence.reason or "log.txt says why."
        why = why if why.endswith(".") else f"{why}."
        remedy = "Do what that sentence asks for; log.txt in the folder of the run has the details."
        if "broke down" in why:
            remedy = (
                f"Start anew with a learning_rate of about {_figure(evidence.recipe.learning_rate / 3)}, or a longer "
                "warmup; the last snapshot is still good."
            )
        return Finding("failed", "alarm", f"The run failed. {why}", remedy)
    losses = evidence.train.get("mlm_loss")
    if losses is not None and len(losses) and not np.isfinite(losses[-1]) and np.isfinite(losses).any():
        says = f"The loss is no number any more since step {_first_without_number(evidence):,}."
        remedy = "Stop it and start anew with a lower learning_rate, a longer warmup or a smaller clip."
        return Finding("failed", "alarm", says, remedy)
    return None


def _first_without_number(evidence: Evidence) -> int:
    good = np.flatnonzero(np.isfinite(evidence.train["mlm_loss"]))
    return int(evidence.train["step"][good[-1] + 1])


def _interrupted(evidence: Evidence) -> Finding | None:
    if evidence.state != "interrupted":
        return None
    says = "The process of this run ended without a word: it was killed, or the memory did not suffice."
    return Finding("interrupted", "warning", says, "Resume it; where it happens again, lower batch or length.")


# The losses against what knows nothing


def _not_learning(evidence: Evidence) -> Finding | None:
    loss, uniform = evidence.series("mlm_loss"), evidence.baselines.get("uniform")
    least = SETTLED if evidence.ended else _MUST_MOVE
    if uniform is None or not loss.enough or evidence.effort < least or loss.recent < _near_uniform(evidence):
        return None
    says = (
        f"{the_loss(evidence)} is {loss.recent:.2f} after {evidence.step:,} steps, and guessing blindly gives "
        f"ln V = {uniform:.2f}: the network learns nothing."
    )
    recipe = evidence.recipe
    # Each step moves a logit, a product of D numbers with weights, by the learning rate times D at the most.
    if evidence.effort * recipe.learning_rate * evidence.hidden_size < 1:
        usual = f"{_figure(Recipe.learning_rate)} is usual"
        remedy = f"Raise learning_rate: {_figure(recipe.learning_rate)} hardly moves the weights, {usual}."
    else:
        remedy = _lower_learning_rate(evidence)
    return Finding("not learning", "alarm", says, remedy)


def _only_frequencies(evidence: Evidence) -> Finding | None:
    loss, unigram = evidence.series("mlm_loss"), evidence.baselines.get("unigram_entropy")
    if unigram is None or not loss.enough or evidence.effort < SETTLED:
        return None
    if not LEFT_UNIGRAM * unigram <= loss.recent < _near_uniform(evidence):
        return None
    says = (
        f"{the_loss(evidence)} is {loss.recent:.2f}, and knowing nothing but how frequent each piece is gives "
        f"{unigram:.2f}: nothing has been learnt from the context so far."
    )
    if _is_late(evidence, _MUST_LEARN_WORDS, SETTLED if evidence.ended else _MUST_MOVE):
        remedy = (
            "Train longer (steps or minutes); if it still stays there, try a third of the learning_rate "
            f"{_figure(evidence.recipe.learning_rate)}, then three times it."
        )
        return Finding("word frequencies", "warning", says, remedy)
    return Finding("word frequencies", "note", says, "Wait: the frequencies are what each run learns first.")


def _coin(evidence: Evidence) -> Finding | None:
    pairs, loss = evidence.series("nsp_loss"), evidence.series("mlm_loss")
    unigram = evidence.baselines.get("unigram_entropy", math.inf)
    if not pairs.enough or not loss.enough or evidence.effort < _COIN_IS_WORTH_A_WORD:
        return None
    if pairs.recent < _AT_COIN or loss.recent > 0.9 * unigram:
        return None
    says = (
        f"The NSP loss is {pairs.recent:.3f}, that of a coin being {NEXT_SENTENCE:.3f}, while the MLM loss has come "
        f"down to {loss.recent:.2f}: whether B follows A is still a guess."
    )
    if _is_late(evidence, _MUST_LEARN_PAIRS, 2 * _COIN_IS_WORTH_A_WORD):
        remedy = (
            "Train longer, or raise length so that A and B have more words in common; where the order of the "
            "sentences means nothing in these texts, set objective to mlm."
        )
        return Finding("next sentence", "warning", says, remedy)
    return Finding("next sentence", "note", says, "Wait: NSP begins to fall well after the MLM loss.")


def _is_late(evidence: Evidence, effort: float, least: float) -> bool:
    """Whether what should have come by ``effort`` is late: also where only a fifth of the run is left."""
    return evidence.effort >= effort or (evidence.share >= 0.8 and evidence.effort >= least)


def _near_uniform(evidence: Evidence) -> float:
    """The loss above which a network knows next to nothing of the frequencies."""
    uniform = evidence.baselines.get("uniform", math.inf)
    unigram = evidence.baselines.get("unigram_entropy", 0.75 * uniform)
    return uniform - 0.1 * (uniform - unigram) if math.isfinite(uniform) else math.inf


# The curves themselves


def _learning_rate(evidence: Evidence) -> Finding | None:
    if evidence.effort < SETTLED / 2:
        return None
    found = _worse_than_coin(evidence)
    if found is None and evidence.effort >= SETTLED:
        found = _rising(evidence) or _jumping(evidence) or _cut_without_gain(evidence)
    if found is None:
        return None
    severity, says = found
    return Finding("learning rate", severity, says, _lower_learning_rate(evidence))


def _lower_learning_rate(evidence: Evidence) -> str:
    return f"Lower learning_rate from {_figure(evidence.recipe.learning_rate)} to a third, or make warmup longer."


def _worse_than_coin(evidence: Evidence) -> tuple[Severity, str] | None:
    pairs = evidence.series("nsp_loss")
    inputs = pairs.window * evidence.recipe.log_steps * evidence.recipe.batch * evidence.recipe.accumulation
    least = max(_WORSE_THAN_COIN, NEXT_SENTENCE + 4 * _PAIR / math.sqrt(inputs))
    if not pairs.enough or pairs.recent < least or np.median(pairs.values) < LEFT_COIN:
        return None
    says = f"The NSP loss is {pairs.recent:.2f}, more than the {NEXT_SENTENCE:.3f} of a coin: the steps are too large."
    return "warning", says


def _rising(evidence: Evidence) -> tuple[Severity, str] | None:
    # Weights that were trained before forget a little while the learning rate comes to its peak.
    loss = evidence.series("mlm_loss", since=evidence.at_peak if evidence.recipe.start_from else 0.0)
    if len(loss.medians) < 4:
        return None
    best = float(loss.medians[:-1].min())
    unigram = evidence.baselines.get("unigram_entropy", math.inf)
    if loss.recent <= best + max(0.1 * best, 0.05, 5 * loss.noise / math.sqrt(loss.window)):
        return None
    says = f"{the_loss(evidence)} has risen from {best:.2f} to {loss.recent:.2f}: the steps are too large."
    return "alarm" if loss.recent > min(1.25 * best, unigram) else "warning", says


def _jumping(evidence: Evidence) -> tuple[Severity, str] | None:
    loss = evidence.series("mlm_loss")
    jumps = list(spikes(loss))
    if len(jumps) < 2 or jumps[-1] < loss.steps[len(loss) * 2 // 3]:  # it has calmed down
        return None
    says = f"{the_loss(evidence)} jumps up again and again, {len(jumps)} times lately, last at step {jumps[-1]:,}."
    return "warning", says


def _cut_without_gain(evidence: Evidence) -> tuple[Severity, str] | None:
    loss, norms, clip = evidence.series("mlm_loss"), evidence.series("grad_norm"), evidence.recipe.clip
    if len(loss.medians) < 4 or len(norms.medians) < 4 or not clip:
        return None
    usual = float(np.median(norms.medians[:-1]))
    best = float(loss.medians[: -max(1, len(loss.medians) // 4)].min())
    if norms.recent <= max(clip, 5 * usual) or loss.recent < 0.99 * best:
        return None
    says = (
        f"The gradient's norm is {norms.recent:.1f}, {norms.recent / usual:.0f} times what it was, and is cut to "
        f"{clip:g} at each step, while the loss falls no more."
    )
    return "warning", says


def _overfitting(evidence: Evidence) -> Finding | None:
    for name, called, share, least in (("mlm_loss", the_loss(evidence), 0.02, 0.02),
                                       ("nsp_loss", "The NSP loss", 0.0, 0.03)):  # fmt: skip
        trained, held_out = evidence.series(name), evidence.held_out(name)
        if len(held_out) < 4 or not trained.enough:
            continue
        lowest = int(held_out.values.argmin())
        best, last, at = float(held_out.values[lowest]), float(held_out.values[-1]), held_out.steps[lowest]
        margin = max(share * best, least) * max(1.0, math.sqrt(_ROWS / evidence.recipe.validate_rows))
        rises = last > best + 2 * margin and lowest < len(held_out) - 3 and held_out.values[-3:].min() > best + margin
        if rises and trained.recent < trained.around(at) - margin / 2:
            says = (
                f"{called} on held-out documents was lowest at step {at:,.0f} with {best:.2f} and is {last:.2f} now, "
                f"while training goes on down to {trained.recent:.2f}: the texts are being learnt by heart."
            )
            return Finding("overfitting", "warning", _with_passes(says, evidence), _MORE_TEXT)
    return _parting(evidence)


def _parting(evidence: Evidence) -> Finding | None:
    trained, held_out = evidence.series("mlm_loss"), evidence.held_out("mlm_loss")
    if len(held_out) < 4 or not trained.enough or not evidence.comparable or evidence.passes < 2:
        return None
    gaps = [there - trained.around(step) for step, there in zip(held_out.steps, held_out.values, strict=True)]
    now, first, last = gaps[-1], min(gap for gap in gaps if not math.isnan(gap)), float(held_out.values[-1])
    stalls = held_out.values[-3:].max() - last < 0.01 * last
    if not (now > 0.2 * last and first < now / 2 and stalls):
        return None
    says = (
        f"Validation stays at {last:.2f} while training is at {last - now:.2f}: what is learnt now helps only with the "
        "texts that it is learnt from."
    )
    return Finding("overfitting", "warning", _with_passes(says, evidence), _MORE_TEXT)


_MORE_TEXT = (
    "Add texts to corpus.files, or ask for fewer steps; a network.dropout of 0.1 or a smaller network.preset delays it."
)


def _with_passes(says: str, evidence: Evidence) -> str:
    passes = evidence.passes
    return f"{says} They have been read about {passes:,.0f} times." if passes >= 2 else says


def _waiting(evidence: Evidence) -> Finding | None:
    shares, seconds = evidence.waits(), evidence.train.get("seconds")
    if seconds is None or len(shares) < 10 or not seconds[-1] >= _LEAST_WAITED:
        return None
    share = float(np.median(shares[-20:]))
    if share < _WAITS:
        return None
    says = f"{share:.0%} of the time is spent waiting for the next batch instead of learning from it."
    remedy = "Let other programs rest meanwhile, put the texts on a faster disk, or choose a larger network.preset."
    return Finding("waiting for data", "warning", says, remedy)


# The texts


def _duplicates(evidence: Evidence) -> Finding | None:
    corpus = evidence.corpus
    documents, paragraphs = corpus.get("documents", 0), corpus.get("paragraphs", 0)
    same, repeated = corpus.get("duplicate_documents", 0), corpus.get("duplicate_paragraphs", 0)
    if documents < 10 or (same < 0.1 * documents and repeated < 0.3 * paragraphs):
        return None
    if same >= 0.1 * documents:
        says = f"{same:,} of the {documents:,} documents repeat another one to the letter."
    else:
        says = f"{repeated:,} of the {paragraphs:,} paragraphs repeat another one to the letter."
    remedy = "Take the copies out of corpus.files: the run learns them by heart, and held-out text may be known to it."
    return Finding("duplicates", "warning", says, remedy)


def _few_documents(evidence: Evidence) -> Finding | None:
    if not evidence.corpus.get("documents"):
        return None
    documents, remedy = evidence.documents, "Put an empty line between documents, or name more files in corpus.files."
    if evidence.recipe.objective == "mlm+nsp" and documents < 10:
        says = (
            f"There {_documents(documents)} to train on: the random B of NSP is always from the same few, and they can "
            "be told apart by heart."
        )
        return Finding("few documents", "warning", says, f"{remedy} Or set objective to mlm.")
    if documents == 1:
        says = "All text is one document, so none is held out, and overfitting would not be seen."
        return Finding("few documents", "note", says, remedy)
    return None


def _documents(count: int) -> str:
    return "is one document" if count == 1 else f"are {count} documents"


def _vocabulary(evidence: Evidence) -> Finding | None:
    corpus, recipe = evidence.corpus, evidence.recipe
    tokens, given = corpus.get("tokens", 0), recipe.start_from or recipe.vocabulary.model
    if not tokens:
        return None
    key = "start_from" if recipe.start_from else "vocabulary.model"
    own = f"Leave {key} out, so that a vocabulary is trained on these texts, or choose a model of their language."
    unknown = corpus.get("unknown", 0) / tokens
    if unknown > 0.03:
        says = f"{unknown:.0%} of the tokens are [UNK]: the vocabulary has no letters for them."
        more = "Raise vocabulary.size, or take texts in one script."
        return Finding("vocabulary", "alarm" if unknown > 0.2 else "warning", says, own if given else more)
    letters = corpus.get("characters", 0) / tokens
    if given and 0 < letters < 2.5:
        says = f"A token holds {letters:.1f} characters on average: most words of these texts fall into small pieces."
        return Finding("vocabulary", "warning", says, f"Unless they are Chinese or Japanese: {own[0].lower()}{own[1:]}")
    if evidence.vocabulary >= 1_000 and tokens < _PER_ENTRY * evidence.vocabulary and not recipe.start_from:
        says = (
            f"The vocabulary has {evidence.vocabulary:,} entries and the texts {tokens:,} tokens, "
            f"{tokens / evidence.vocabulary:.0f} for each entry: most are too rare to be learnt."
        )
        size = max(100, tokens // (2 * _PER_ENTRY) // 100 * 100)
        remedy = f"Set vocabulary.size to about {size:,}, or add texts to corpus.files."
        return Finding("vocabulary", "warning", says, own if given else remedy)
    return None


def the_loss(evidence: Evidence) -> str:
    """What the loss of the objective is called at the head of a sentence."""
    return "The loss" if evidence.recipe.objective == "causal" else "The MLM loss"


def _figure(number: float) -> str:
    return f"{number:.2g}".replace("e-0", "e-")


_Rule = Callable[[Evidence], Finding | None]
RULES: tuple[_Rule, ...] = (
    _broke_down,
    _not_learning,
    _learning_rate,
    _overfitting,
    _only_frequencies,
    _coin,
    _vocabulary,
    _duplicates,
    _few_documents,
    _waiting,
    _interrupted,
)
