"""What a run says in a terminal: one line that changes, or plain lines where output goes into a file."""

from __future__ import annotations

import shutil
import time
from typing import Any, TextIO

from model.training.recipe import Recipe

_PLAIN_EVERY = 30.0  # seconds between two plain lines of the same thing
_LIVE_EVERY = 0.1


class Terminal:
    """Writes to ``stream``. Every method may be called as often as there is news."""

    def __init__(self, recipe: Recipe, stream: TextIO) -> None:
        self._recipe, self._stream = recipe, stream
        self._live = stream.isatty()
        self._written = 0.0
        self._doing, self._began = "", 0.0
        self._open = False  # whether the line on screen is still to change

    def say(self, sentence: str) -> None:
        """A line that stays."""
        self._close()
        self._stream.write(sentence + "\n")
        self._stream.flush()

    def preparing(self, doing: str, share: float) -> None:
        """How far something before the first step is."""
        now = time.monotonic()
        if doing != self._doing:
            self._close()
            self._doing, self._began, self._written = doing, now, 0.0
        left = (now - self._began) * (1 - share) / share if share > 0 else None
        self._line(f"{doing}: {share:.0%}{'' if left is None else f', {duration(left)} left'}", share >= 1)

    def learning(self, line: dict[str, Any]) -> None:
        """A line of metrics."""
        held_out = line["split"] == "validation"
        parts = [f"step {line['step']:,}" + (f" of {self._recipe.steps:,}" if self._recipe.steps else "")]
        parts += [
            f"{name} {line[key]:{form}}"
            for name, key, form in (
                ("loss", "loss", ".3f"),
                ("mlm", "mlm_loss", ".3f"),
                ("nsp", "nsp_loss", ".3f"),
                ("[MASK] right", "mask_accuracy", ".1%"),
                ("next right", "nsp_accuracy", ".1%"),
            )
            if line.get(key) is not None
        ]
        if held_out:
            self.say("held out, " + ", ".join(parts))
            return
        parts += [f"{line['tokens_per_second']:,.0f} tokens/s", f"{duration(self._left(line))} left"]
        self._line(" · ".join(parts), False)

    def _left(self, line: dict[str, Any]) -> float:
        if self._recipe.minutes:
            return max(0.0, 60 * self._recipe.minutes - float(line["seconds"]))
        return float(line["seconds"]) / line["step"] * (self._recipe.steps - line["step"])

    def _line(self, text: str, last: bool) -> None:
        now = time.monotonic()
        if not last and now - self._written < (_LIVE_EVERY if self._live else _PLAIN_EVERY):
            return
        self._written = now
        if not self._live:
            self._stream.write(text + "\n")
        else:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write("\r" + text[:width].ljust(width))
            self._open = True
        self._stream.flush()
        if last:
            self._close()

    def _close(self) -> None:
        if self._open:
            self._stream.write("\n")
            self._open = False


def duration(seconds: float) -> str:
    """A time in two units: 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"
