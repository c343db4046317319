"""Tokenising a corpus against the tokenizers library's batch call on the same lines, reading and all else on our side.

Ours is the whole of ``corpus.prepare`` into an empty cache: comparing, reading, cutting into sentences, hashing,
tokenising, writing. Theirs is the faster of ``encode_batch`` and ``encode_batch_fast`` on lines that are in memory
already. Prints tokens a second and the ratio, ours over theirs; at least 0.8 is asked for. With a text of your own:
python -m tests.benchmarks.tokenising FILE
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.models import WordPiece as WordPieceModel
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from model.training import corpus
from model.wordpiece import WordPiece
from tests.benchmarks import made_up, models
from tests.benchmarks.timing import seconds

_MEGABYTES = 20
_ROUNDS = 3
_LINES = 2000  # in one call: fewer leave cores idle, many more take memory


def main(arguments: Sequence[str] = ()) -> None:
    with tempfile.TemporaryDirectory() as folder:
        text = Path(arguments[0]) if arguments else made_up.write(Path(folder) / "text.txt", _MEGABYTES)
        measure(text, Path(folder))


def measure(text: Path, folder: Path) -> None:
    tokenizer = WordPiece.read(models.STARTER)
    bare = Tokenizer(WordPieceModel.from_file(str(models.STARTER / "vocab.txt"), unk_token="[UNK]"))
    bare.normalizer, bare.pre_tokenizer = BertNormalizer(lowercase=True), BertPreTokenizer()
    lines = [line for line in text.read_text(encoding="utf-8").split("\n") if line]
    calls = {"encode_batch": bare.encode_batch, "encode_batch_fast": bare.encode_batch_fast}

    def theirs(name: str) -> None:
        for start in range(0, len(lines), _LINES):
            calls[name](lines[start : start + _LINES], add_special_tokens=False)

    ratios = []
    for turn in range(_ROUNDS):
        cache = folder / f"cache-{turn}"
        ours = seconds(lambda cache=cache: corpus.prepare([text], tokenizer, cache, validation_share=0.02))
        spent = {name: seconds(lambda name=name: theirs(name)) for name in calls}
        tokens = corpus.prepare([text], tokenizer, cache, validation_share=0.02).report.tokens
        ratios.append(min(spent.values()) / ours)
        others = ", ".join(f"{name} {tokens / spent[name] / 1e6:.2f}" for name in calls)
        print(f"{tokens:,} tokens; millions a second: ours {tokens / ours / 1e6:.2f}, {others}; ratio {ratios[-1]:.2f}")
    print(f"median ratio {statistics.median(ratios):.2f}; 0.80 is asked for")


if __name__ == "__main__":
    main(sys.argv[1:])
