"""How numbers are written."""

from __future__ import annotations

import math

NO_BREAK = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"

_FINE = 0.1  # percentage points: a smaller change asks for a second decimal


def percent(share: float) -> str:
    """A probability for a column of probabilities: one decimal, more where it would read 0.0; never a false 0 or 100.

    ≤ and not <, which a rich text would take for a tag.
    """
    hundredths = share * 100
    if 0 < hundredths < 0.0095:
        return f"≤ 0.01{NO_BREAK}%"
    if 99.95 <= hundredths < 100:
        return f"≥ 99.9{NO_BREAK}%"
    decimals = 1 if hundredths >= 0.0995 or hundredths == 0 else 2
    return f"{hundredths:.{decimals}f}{NO_BREAK}%"


def rounded_percent(share: float) -> str:
    """A probability for a sentence: whole per cents where they say enough."""
    return f"{share * 100:.0f}{NO_BREAK}%" if 0.1 <= share < 0.995 else percent(share)


def points(before: float, after: float) -> str:
    """How a probability changed, in percentage points with their sign."""
    change = (after - before) * 100
    return plus(change, 1 if abs(change) >= _FINE else 2)


def signed(value: float, decimals: int = 3) -> str:
    """A number with a minus that is as wide as its figures; "–" for none. One that is written as zero has no sign."""
    if math.isnan(value):
        return "–"
    return f"{value:z.{decimals}f}".replace("-", MINUS)


def plus(change: float, decimals: int = 3) -> str:
    """As ``signed``, with a plus before what is more."""
    written = signed(change, decimals)
    return f"+{written}" if change > 0 and written.strip("0.") else written


def cosine(value: float) -> str:
    """A cosine, for bars and for sentences."""
    return signed(value, 2)
