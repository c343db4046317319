"""Little World: what it tells, that it tells the same again, and that its posterior is the one that counting gives."""

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import sentencex
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

from model.training import little_world
from model.training.little_world import Document
from model.training.little_world_grammar import END, World
from model.training.little_world_stories import Story

WORLD = little_world.LITTLE_WORLD
TINY = World(  # few enough documents to write all of them down
    stories=(
        Story(
            place="bank",
            items=(("note", "notes"),),
            events=(
                ("WHO {go} to the bank .",),
                ("the ITEM [are] old|new .", "WHO {get} A ITEM ."),
                ("WHO {leave} .",),
            ),
        ),
        Story(
            place="river",
            items=(("log", "logs"),),
            events=(("WHO {go} to the bank .",), ("WHO {see} A ITEM .",), ("WHO {leave} with HIS ITEM .",)),
        ),
    ),
    female=("anna", "emma"),
    male=("tom", "leo", "john"),
)


def told(world: World) -> dict[Document, float]:
    """Every document of the world with its probability: all walks through all graphs, one after another."""
    documents: dict[Document, float] = defaultdict(float)
    for telling in world.tellings:
        for hero, friend in itertools.product(world.names[telling.hero], world.names[1 - telling.hero]):
            words = {**telling.words, "HERO": hero, "FRIEND": friend}
            each = 1 / len(world.tellings) / len(world.names[0]) / len(world.names[1])
            walks: list[tuple[int, Document, float]] = [(telling.graph.start, (), each)]
            while walks:
                node, said, probability = walks.pop()
                if node == END:
                    documents[said] += probability
                for symbol, share, after in telling.graph.edges[node]:
                    walks.append((after, (*said, words.get(symbol, symbol)), probability * share))
    return documents


@pytest.fixture(scope="module")
def every_tiny_document() -> dict[Document, float]:
    return told(TINY)


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return list(little_world.generate(3000, seed=11))


@pytest.fixture(scope="module")
def guesses(documents: list[Document]) -> list[np.ndarray]:
    """(T, V) for each of the first 300 documents."""
    return [little_world.posterior(document) for document in documents[:300]]


def true_words(documents: list[Document]) -> list[int]:
    return [WORLD.index[word] for document in documents for word in document]


def test_the_probabilities_of_all_documents_of_a_tiny_world_sum_to_one(
    every_tiny_document: dict[Document, float],
) -> None:
    assert math.fsum(every_tiny_document.values()) == pytest.approx(1, abs=1e-12)
    assert len(every_tiny_document) > 1000


def test_a_document_has_the_probability_that_counting_gives(every_tiny_document: dict[Document, float]) -> None:
    for document, probability in itertools.islice(every_tiny_document.items(), 0, None, 1009):
        assert little_world.log_probability(document, TINY) == pytest.approx(math.log(probability), abs=1e-9)


def test_what_the_world_cannot_tell_has_no_probability(documents: list[Document]) -> None:
    assert little_world.log_probability(documents[0][::-1]) == -math.inf
    with pytest.raises(ValueError, match="Little World cannot tell"):
        little_world.posterior(documents[0][::-1])


def test_documents_come_as_often_as_their_probability_says(every_tiny_document: dict[Document, float]) -> None:
    drawn = 200_000
    counts = Counter(TINY.generate(drawn, seed=5))
    assert set(counts) <= set(every_tiny_document)
    expected = np.array([drawn * probability for probability in every_tiny_document.values()])
    seen = np.array([counts[document] for document in every_tiny_document])
    chi_squared = float(((seen - expected) ** 2 / expected).sum())
    freedom = len(expected) - 1
    assert abs(chi_squared - freedom) < 4 * math.sqrt(2 * freedom + float((1 / expected).sum()))


def test_the_posterior_is_what_counting_all_documents_gives(every_tiny_document: dict[Document, float]) -> None:
    for document in itertools.islice(every_tiny_document, 0, None, 1009):
        others = [
            [every_tiny_document.get((*document[:t], word, *document[t + 1 :]), 0.0) for word in TINY.words]
            for t in range(len(document))
        ]
        counted = np.array(others) / np.sum(others, axis=1, keepdims=True)
        np.testing.assert_allclose(little_world.posterior(document, TINY), counted, atol=1e-12)


def test_the_posterior_is_the_probability_of_the_document_with_each_word_in_turn(documents: list[Document]) -> None:
    for document, t in zip(documents[:8], (0, 1, 2, 4, 8, 12, 16, -1), strict=True):
        said = [(*document[:t], word, *document[t % len(document) + 1 :]) for word in WORLD.words]
        probabilities = np.exp([little_world.log_probability(other) for other in said])
        np.testing.assert_allclose(little_world.posterior(document)[t], probabilities / probabilities.sum(), atol=1e-12)


def test_the_posterior_sums_to_one(guesses: list[np.ndarray]) -> None:
    for probabilities in guesses:
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-12)


def test_the_posterior_is_right_as_often_as_it_says(documents: list[Document], guesses: list[np.ndarray]) -> None:
    probabilities = np.concatenate(guesses)
    hit = probabilities.argmax(axis=1) == true_words(documents[:300])
    sure = probabilities.max(axis=1)
    for low, high in ((0, 0.45), (0.45, 0.6), (0.6, 0.8), (0.8, 1.01)):
        of = (sure >= low) & (sure < high)
        error = math.sqrt(float((sure[of] * (1 - sure[of])).sum())) / of.sum()  # over by what positions share
        assert abs(hit[of].mean() - sure[of].mean()) < 4 * error + 1e-9


def test_no_counting_of_words_or_of_neighbours_comes_near_the_floor(documents: list[Document]) -> None:
    floor = little_world.floor(documents[:300])
    seen, unseen = documents[300:], documents[:300]
    V = len(WORLD.words)
    between = np.full((V, V), 0.0)  # of the word before, the word
    beside: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for document in seen:
        for before, word in itertools.pairwise((".", *document)):
            between[WORLD.index[before], WORLD.index[word]] += 1
        for before, word, after in zip((".", *document), document, (*document[1:], "."), strict=False):
            beside[before, after][word] += 1
    frequency = between.sum(axis=0) + 0.5
    frequency /= frequency.sum()
    bigram = between + frequency * 2
    bigram /= bigram.sum(axis=1, keepdims=True)
    losses, hits, positions = [0.0, 0.0, 0.0], 0, 0
    for document in unseen:
        for before, word, after in zip((".", *document), document, (*document[1:], "."), strict=False):
            both = beside[before, after]
            losses[0] -= math.log(frequency[WORLD.index[word]])
            losses[1] -= math.log(bigram[WORLD.index[before], WORLD.index[word]])
            losses[2] -= math.log((both[word] + 2 * frequency[WORLD.index[word]]) / (both.total() + 2))
            hits += bool(both) and both.most_common(1)[0][0] == word
            positions += 1
    assert positions == floor.positions
    assert floor.loss < min(losses) / positions / 2
    assert hits / positions < 0.85 * floor.accuracy


def test_the_floor_is_the_mean_over_all_positions(documents: list[Document], guesses: list[np.ndarray]) -> None:
    probabilities, true = np.concatenate(guesses), true_words(documents[:300])
    floor = little_world.floor(documents[:300])
    assert floor.loss == pytest.approx(
        -np.log([row[word] for row, word in zip(probabilities, true, strict=True)]).mean()
    )
    assert floor.accuracy == np.mean([row.argmax() == word for row, word in zip(probabilities, true, strict=True)])
    assert floor.positions == len(true)


def sentences(document: Document) -> list[Document]:
    stops = [0, *(t + 1 for t, word in enumerate(document) if word == ".")]
    return [document[begin:end] for begin, end in itertools.pairwise(stops)]


def test_whether_a_sentence_goes_on_is_what_counting_gives(every_tiny_document: dict[Document, float]) -> None:
    runs: dict[Document, float] = defaultdict(float)  # of one or two sentences, from each sentence of each document
    begun = 0.0
    for document, probability in every_tiny_document.items():
        said = sentences(document)
        begun += probability * len(said)
        for number, sentence in enumerate(said):
            runs[sentence] += probability
            if number + 1 < len(said):
                runs[sentence + said[number + 1]] += probability
    document = next(iter(every_tiny_document))
    ones = [run for run in runs if len(sentences(run)) == 1]
    for first, second in itertools.product(ones[::97], [*sentences(document), *ones[::71]]):
        together = runs.get(first + second, 0.0) / begun
        apart = runs[first] / begun * runs[second] / begun
        assert little_world.is_next(first, second, TINY) == pytest.approx(together / (together + apart), abs=1e-9)


def test_next_sentence_can_be_told_nearly_always(documents: list[Document]) -> None:
    right = 0.0
    for document, other in zip(documents[:200], documents[200:400], strict=True):
        said, others = sentences(document), sentences(other)
        right += little_world.is_next(said[0] + said[1], said[2]) > 0.5
        right += little_world.is_next(said[0] + said[1], others[2]) < 0.5
    assert right / 400 > 0.97


def test_the_same_seed_writes_the_same_file_and_another_seed_another(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("again", 1), ("two", 2)):
        little_world.write(tmp_path / name, 200, seed)
    one, again, two = ((tmp_path / name).read_bytes() for name in ("one", "again", "two"))
    assert one == again
    assert one != two
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "one", "two"]


def test_more_documents_begin_with_those_of_fewer(documents: list[Document]) -> None:
    assert list(little_world.generate(50, seed=11)) == documents[:50]


def test_a_file_holds_one_document_a_line_with_blank_lines_between(tmp_path: Path, documents: list[Document]) -> None:
    little_world.write(tmp_path / "world.txt", 100, 11)
    lines = (tmp_path / "world.txt").read_text(encoding="utf-8").split("\n\n")
    assert lines.pop() == ""
    assert [tuple(line.lower().replace(".", " .").split()) for line in lines] == documents[:100]


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(documents: int, seed: int) -> Iterator[Document]:
        yield ("anna", ".")
        raise OSError("No space left on device.")

    path = tmp_path / "world.txt"
    path.write_text("before")
    monkeypatch.setattr(little_world, "generate", broken)
    with pytest.raises(OSError, match="No space left"):
        little_world.write(path, 10, 1)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_sentences_are_cut_where_they_end(documents: list[Document]) -> None:
    for document in documents[:1000]:
        cut = [sentence.strip() for sentence in sentencex.segment("en", little_world.text(document))]
        assert [sentence for sentence in cut if sentence] == [
            little_world.text(sentence) for sentence in sentences(document)
        ]


def test_every_word_stays_whole_in_a_vocabulary_of_a_thousand(documents: list[Document]) -> None:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(vocab_size=1000, special_tokens=["[UNK]"], show_progress=False)
    tokenizer.train_from_iterator(map(little_world.text, documents), trainer)
    assert {word: tokenizer.encode(word).tokens for word in WORLD.words} == {word: [word] for word in WORLD.words}


def test_documents_are_short_and_differ(documents: list[Document]) -> None:
    assert len(set(documents)) >= 0.999 * len(documents)
    assert np.mean([len(document) <= 60 for document in documents]) > 0.95
    assert {len(sentences(document)) for document in documents} <= set(range(4, 9))
    assert all(3 <= len(sentence) <= 12 for document in documents for sentence in sentences(document))


@pytest.mark.parametrize(
    ("word", "one", "other"),
    [
        ("python", "zoo", "code"),
        ("bank", "river", "money"),
        ("bat", "cave", "match"),
        ("mouse", "kitchen", "office"),
        ("apple", "tree", "city"),
    ],
)
def test_a_word_of_two_meanings_has_each_in_its_own_documents(
    documents: list[Document], word: str, one: str, other: str
) -> None:
    with_word = [set(document) for document in documents if word in document]
    assert sum(one in document for document in with_word) > 50
    assert sum(other in document for document in with_word) > 50
    assert not any(one in document and other in document for document in with_word)


def test_verbs_and_pronouns_agree_with_their_persons(documents: list[Document]) -> None:
    women, men = (set(names) for names in WORLD.names)
    for document in documents:
        said = set(document)
        several = "and" in document[:6] and document[document.index("and") + 1] in women | men
        assert ("they" in said) <= several
        assert not (several and {"she", "he", "her", "his", "him"} & said)
        if not several and not said & men:
            assert not {"he", "him", "his"} & said
        if not several and not said & women:
            assert not {"she", "her"} & said
        for pronoun, verb in itertools.pairwise(document):
            assert (pronoun, verb) not in {("they", "goes"), ("she", "go"), ("he", "go"), ("they", "was")}


def test_times_of_day_come_in_order(documents: list[Document]) -> None:
    times = ["dawn", "nine", "noon", "three", "six", "night"]
    for document in documents:
        told_at = [times.index(word) for word in document if word in times]
        assert told_at == sorted(set(told_at)) or (told_at == sorted(told_at) and "meets" not in told_at)


def test_a_tense_holds_for_the_whole_document(documents: list[Document]) -> None:
    for document in documents:
        assert not ({"is", "are", "today"} & set(document) and {"was", "were", "yesterday"} & set(document))


def test_shuffled_documents_keep_their_words_and_nothing_else(documents: list[Document]) -> None:
    shuffled = list(little_world.shuffled(documents, seed=3))
    assert shuffled == list(little_world.shuffled(documents, seed=3))
    for before, after in zip(documents, shuffled, strict=True):
        assert Counter(before) == Counter(after)
        assert [word == "." for word in before] == [word == "." for word in after]
    pairs, left = (
        {pair for document in some[:500] for pair in itertools.pairwise(document)} for some in (documents, shuffled)
    )
    assert len(left) > 2 * len(pairs)
