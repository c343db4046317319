"""The Python behind the pictures of the Tokens tab: lines that make their values of ``bert`` and ``trace``."""

from __future__ import annotations

from explorer.widgets.input_table import NOTHING, PIECES, POSITION, TOKEN, InputModel


def input_table(rows: InputModel, labels: str) -> str:
    """The rows of an input, a column a position, padding included; ``labels`` is the expression that gives them."""
    tokens = rows.tokens
    written = (
        "inputs.originals",
        "np.where(inputs.labels == NO_LABEL, inputs.input_ids, inputs.labels)",
        "inputs.tokens",
        "inputs.input_ids",
        '["AB"[segment] + f" {segment}" for segment in inputs.segments]',
        "inputs.positions",
        "np.ones_like(inputs.positions)",
        f"[{NOTHING!r} if label is None else label for label in {labels}]",
    )
    lines = [
        "from model import packing",
        "from model.inputs import NO_LABEL",
        "",
        f'inputs, values = trace.inputs, np.full(({PIECES + len(written)}, {rows.length}), "", object)',
        "for word in model.lens.spelling.words(bert, trace):",
        "    for token in word.tokens:",
        "        values[:2, token] = word.how.typed, word.how.word",
        *(f"values[{row}, :{tokens}] = list(map(str, {made}))" for row, made in enumerate(written, PIECES)),
    ]
    if rows.length > tokens:
        padding = [rows.text(row, tokens) for row in range(TOKEN, len(rows.names))]
        lines += [  # the table has a gap above the tokens
            f"values[{TOKEN - 1}:, {tokens}:] = np.array({padding})[:, None]",
            f"values[{POSITION - 1}, {tokens}:] = list(map(str, range({tokens}, {rows.length})))",
        ]
    return "\n".join(lines)


def candidates(word: int) -> str:
    """Every candidate of the ``word`` of that number, and whether it was taken."""
    return (
        f"word = model.lens.spelling.words(bert, trace)[{word}]\n"
        'values = np.array([[one.piece, "taken" if one.taken else ""] for one in word.how.candidates], object)'
    )
