"""What each position of an input is asked for, where a pair is packed and where a source with its output is (C11)."""

from __future__ import annotations

from model.inputs import NO_LABEL, Inputs
from model.lens.next_sentence import LABELS


def pair_labels(inputs: Inputs, follows: bool | None) -> tuple[str | None, ...]:
    """(T,) what stood where a token was chosen, and at [CLS] whether B ``follows`` A; None gives no loss.

    ``follows`` None leaves the second out; it is left out, too, where there is no B.
    """
    labels = [
        None if label == NO_LABEL else original
        for label, original in zip(inputs.labels.tolist(), inputs.originals, strict=True)
    ]
    if follows is not None and 1 in inputs.texts:
        labels[0] = LABELS[0 if follows else 1]
    return tuple(labels)


def next_token_labels(inputs: Inputs) -> tuple[str | None, ...]:
    """(T,) the token behind each one, as a model that reads left-to-right is asked; None behind the last."""
    return (*inputs.originals[1:], None)


def output_labels(inputs: Inputs, pad: str) -> tuple[str, ...]:
    """(T,) ``pad``, which gives no loss, under [CLS], the source A and its [SEP]; then the output B and its [SEP].

    Without B there is no output: all are ``pad``.
    """
    if 1 not in inputs.texts:
        return (pad,) * len(inputs)
    begins = inputs.texts.index(1)
    return (*[pad] * begins, *inputs.originals[begins:])
