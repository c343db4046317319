"""A vocabulary trained on texts spells what the chapter spells, the same each time."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from model.training import vocabulary
from model.wordpiece import WordPiece
from tests.model.training import texts

ROOT = Path(__file__).parents[3]

# How often each word stands in the text; those in the right column end in -ing.
VERBS = {
    "play": 40, "plays": 20, "played": 20, "playing": 30,
    "walk": 40, "walked": 20, "walking": 30,
    "try": 30, "tries": 10, "trying": 30,
    "build": 10, "builds": 5, "building": 60,
}  # fmt: skip
WHOLE = {
    "king": 50, "thing": 50, "during": 50, "morning": 50, "ring": 30, "bring": 30, "spring": 30,  # no verb
    "change": 40, "chang": 2, "changed": 20, "changing": 20,  # change, not chang
    "star": 30, "stars": 20, "stare": 2, "staring": 20, "starr": 2, "starred": 9, "starring": 20,  # star, not starr
    "even": 400, "evens": 1, "evening": 30,  # even and evens, but no even + ing
    "go": 40, "goes": 20, "going": 40,  # too short
    "shadow": 20, "shadowing": 20,  # never inflected
}  # fmt: skip


def corpus(folder: Path, *counts: dict[str, int]) -> Path:
    lines = [" ".join([word] * number) for part in counts for word, number in part.items()]
    return texts.write(folder / "words.txt", [lines])


def every_entry(file: Path, **options: bool) -> WordPiece:
    """The largest vocabulary that the file can fill."""
    with pytest.raises(ValueError, match="can fill") as refused:
        vocabulary.train([file], 100_000, **options)
    size = int(str(refused.value).split("can fill ")[1].split()[0].replace(",", ""))
    return vocabulary.train([file], size, **options)


def test_special_tokens_come_first_and_the_size_is_the_one_asked_for(tmp_path: Path) -> None:
    trained = vocabulary.train([corpus(tmp_path, VERBS, WHOLE)], 80)
    assert trained.tokens[:5] == ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    assert len(trained.tokens) == len(set(trained.tokens)) == 80


def test_no_word_of_the_text_is_unknown(tmp_path: Path) -> None:
    text = "Žluťoučký kůň 日本 naïve, “quoted” 3½ €5 x² ŋ đ"
    trained = every_entry(texts.write(tmp_path / "a.txt", [[text], [text]]))
    assert "[UNK]" not in trained.encode(text).tokens
    assert "[UNK]" not in trained.encode("kžđ ŋ5").tokens  # nor a new word of the same letters


def test_the_first_merge_is_of_the_commonest_pair(tmp_path: Path) -> None:
    words = VERBS | WHOLE
    trained = vocabulary.train([corpus(tmp_path, words)], 80)
    pairs: Counter[tuple[str, str]] = Counter()
    for word, number in words.items():
        letters = [word[0], *(f"##{letter}" for letter in word[1:])]
        for pair in pairwise(letters):
            pairs[pair] += number
    first, second = pairs.most_common(1)[0][0]
    merged = [token for token in trained.tokens[5:] if len(token.removeprefix("##")) > 1]
    assert merged[0] == first + second.removeprefix("##")


def test_training_again_gives_the_same_vocabulary_in_the_same_order(tmp_path: Path) -> None:
    file = corpus(tmp_path, VERBS, WHOLE)
    program = (
        "import sys, json; from pathlib import Path; from model.training import vocabulary; "
        "print(json.dumps(vocabulary.train([Path(sys.argv[1])], 90, keep_inflections=False).tokens))"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program, str(file)], cwd=ROOT, check=True, capture_output=True).stdout
        for _ in range(3)
    ]
    assert len(set(runs)) == 1


@pytest.mark.parametrize("word", [word for word in VERBS if word.endswith("ing")])
def test_an_inflected_gerund_becomes_its_verb_and_ing(tmp_path: Path, word: str) -> None:
    file = corpus(tmp_path, VERBS, WHOLE)
    assert every_entry(file).encode(word).tokens == (word,)
    assert every_entry(file, keep_inflections=False).encode(word).tokens == (word[:-3], "##ing")


@pytest.mark.parametrize("word", [word for word in WHOLE if word.endswith("ing")])
def test_other_words_in_ing_stay_whole(tmp_path: Path, word: str) -> None:
    assert every_entry(corpus(tmp_path, VERBS, WHOLE), keep_inflections=False).encode(word).tokens == (word,)


@pytest.mark.parametrize("lowercase", [True, False])
def test_a_capital_letter_makes_no_other_rule(tmp_path: Path, lowercase: bool) -> None:
    capitals = {word.capitalize(): number for word, number in VERBS.items()}
    trained = every_entry(corpus(tmp_path, VERBS, capitals), keep_inflections=False, lowercase=lowercase)
    assert trained.encode("Playing").tokens == ("play" if lowercase else "Play", "##ing")


def test_places_of_gerunds_go_to_the_next_pieces(tmp_path: Path) -> None:
    file = corpus(tmp_path, VERBS, WHOLE)
    size = len(every_entry(file, keep_inflections=False).tokens) - 4
    kept = vocabulary.train([file], size).tokens
    without = vocabulary.train([file], size, keep_inflections=False).tokens
    assert len(without) == size
    gone = [token for token in kept if token not in without]
    assert gone
    assert set(gone) <= {word[:-3] + end for word in VERBS for end in ("i", "in", "ing") if word.endswith("ing")}
    assert without[: size - len(gone)] == tuple(token for token in kept if token not in gone)


def test_a_rare_word_that_is_asked_for_takes_the_last_place(tmp_path: Path) -> None:
    file = corpus(tmp_path, VERBS, WHOLE)
    without = vocabulary.train([file], 80).tokens
    with_words = vocabulary.train([file], 80, words=("play", "brunch")).tokens  # play is one already
    assert with_words == (*without[:79], "brunch")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("Brunch",), "The word 'Brunch' can be no entry, for the tokenizer reads it as brunch: write it"),
        (("ice cream",), "reads it as ice and cream"),
        (("",), "reads it as nothing"),
        (tuple(f"word{number}" for number in range(75)), "80 entries has no room for 75 words"),
    ],
)
def test_words_that_would_never_be_read_or_have_no_room_are_refused(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        vocabulary.train([corpus(tmp_path, VERBS, WHOLE)], 80, words=words)


def test_too_large_a_size_is_refused_with_the_one_that_fits(tmp_path: Path) -> None:
    file = texts.write(tmp_path / "a.txt", [["ab ab"]])
    # five special tokens, a, b, ##a, ##b, ab
    with pytest.raises(ValueError, match=r"can fill 10 entries of a vocabulary, not 11: ask for 10 at most"):
        vocabulary.train([file], 11)
    assert vocabulary.train([file], 10).tokens[5:] == ("a", "b", "##a", "##b", "ab")


def test_a_word_too_long_for_the_tokenizer_is_not_learnt_from(tmp_path: Path) -> None:
    address = "http://" + "/".join(["playing"] * 30)  # is long, but its words are not
    plain = texts.write(tmp_path / "plain.txt", [[f"he is playing {address} he is playing"]])
    noisy = texts.write(tmp_path / "noisy.txt", [[f"he is playing {address} he is {'nglp' * 5_000} playing"]])
    assert every_entry(noisy).tokens == every_entry(plain).tokens
    assert "playing" in every_entry(plain).tokens


def test_a_typed_special_token_is_trained_as_text(tmp_path: Path) -> None:
    trained = every_entry(texts.write(tmp_path / "a.txt", [["[MASK] [MASK]"]]))
    assert {"[", "]", "mask"} <= set(trained.tokens)


def test_progress_ends_where_training_ends(tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    file = corpus(tmp_path, VERBS, WHOLE)
    vocabulary.train([file], 60, keep_inflections=False, progress=lambda what, share: told.append((what, share)))
    shares: dict[str, list[float]] = {}
    for what, share in told:
        shares.setdefault(what, []).append(share)
    assert list(shares) == ["Counting characters", "Counting words", "Merging pieces", "Looking for gerunds"]
    assert all(given == sorted(given) and given[-1] == 1 for what, given in shares.items() if what != "Merging pieces")


def test_a_stop_asked_for_in_progress_stops_training(tmp_path: Path) -> None:
    def stop(what: str, share: float) -> None:
        if what == "Counting words":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        vocabulary.train([corpus(tmp_path, VERBS)], 60, progress=stop)
