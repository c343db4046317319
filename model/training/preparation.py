"""What a run needs before its first step: texts, vocabulary, tokens, network, and what to measure against."""

from __future__ import annotations

import dataclasses
import tempfile
from itertools import islice
from pathlib import Path

import torch

from model import checkpoint
from model.network import BertNetwork
from model.training import baselines, corpus, little_world, vocabulary
from model.training.corpus import Corpus, Progress
from model.training.files import said_in_a_sentence
from model.training.pairs import SpecialIds
from model.training.recipe import Recipe
from model.training.run import Run
from model.wordpiece import WordPiece

_FLOOR_DOCUMENTS = 300  # fresh ones from the same world: the run cannot have read them


def texts(recipe: Recipe, cache: Path) -> list[Path]:
    """The files of the corpus, Little World's among them, which is written into ``cache`` where it is not there."""
    files = corpus.expand(recipe.corpus.files, Path.cwd()) if recipe.corpus.files else []
    if recipe.corpus.little_world:
        path = cache / f"little-world-{recipe.corpus.little_world}-{recipe.seed}.txt"
        with said_in_a_sentence(path, "written"):
            cache.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                little_world.write(path, recipe.corpus.little_world, recipe.seed)
        files.append(path)
    return files


def tokenizer(recipe: Recipe, run: Run, files: list[Path], progress: Progress | None = None) -> WordPiece:
    """The run's tokenizer, which then lies in its directory: the run's own, a model's, or one trained on ``files``."""
    if (run.directory / "vocab.txt").exists():
        return WordPiece.read(run.directory)
    if source := recipe.start_from or recipe.vocabulary.model:
        made = WordPiece.read(Path(source))
    else:
        wanted = recipe.vocabulary
        made = vocabulary.train(
            files,
            wanted.size,
            lowercase=wanted.lowercase,
            keep_inflections=wanted.keep_inflections,
            words=wanted.words,
            progress=progress,
        )
    _save(made, run.directory)
    return made


def _save(made: WordPiece, folder: Path) -> None:
    """``vocab.txt`` appears last and whole: a run that has it has all that belongs to it."""
    with said_in_a_sentence(folder, "written"), tempfile.TemporaryDirectory(dir=folder, prefix=".vocabulary-") as aside:
        made.save(Path(aside))
        for name in ("tokenizer_config.json", "tokenizer.json", "vocab.txt"):
            Path(aside, name).replace(folder / name)


def network(recipe: Recipe, entries: int) -> tuple[BertNetwork, int]:
    """What the run starts from, and how many of its positions are trained.

    Fresh weights for ``entries`` of a vocabulary, drawn from the recipe's seed, or those of a model. Heads that the
    model lacks are fresh, those that the objective does not train are left out; all positions count as trained where
    the model does not say. ``ValueError`` with a sentence where the model cannot be opened.
    """
    torch.manual_seed(recipe.seed)
    pairs = recipe.objective == "mlm+nsp"
    if not recipe.start_from:
        return BertNetwork(recipe.config(entries), pooler=pairs, nsp=pairs), 0
    bert = checkpoint.load(recipe.start_from)
    config = dataclasses.replace(
        bert.config,
        is_decoder=recipe.objective == "causal",
        hidden_dropout_prob=recipe.network.dropout,
        attention_probs_dropout_prob=recipe.network.dropout,
    )
    longest = max(recipe.filled(number).length for number in range(max(1, len(recipe.phases))))
    if longest > config.max_position_embeddings:
        raise ValueError(
            f"length {longest} is more than the {config.max_position_embeddings} that {bert.name} can read: lower it."
        )
    made = BertNetwork(config, pooler=pairs, nsp=pairs)
    given = bert.network.state_dict()
    made.load_state_dict({name: given[name] for name in made.state_dict() if name in given}, strict=False)
    return made, bert.trained_length or config.max_position_embeddings


def measure_baselines(recipe: Recipe, tokenizer: WordPiece, split: corpus.Split) -> dict[str, float]:
    """What the losses of the run are compared with, in nats; Little World's floor also as an accuracy."""
    unknown = SpecialIds.of(tokenizer).unk
    found = {
        "uniform": baselines.uniform(len(tokenizer.tokens)),
        "unigram_entropy": baselines.unigram_entropy(split.tokens, len(tokenizer.tokens), [unknown]),
    }
    if recipe.objective == "mlm+nsp":
        found["next_sentence"] = baselines.NEXT_SENTENCE
    if recipe.corpus.little_world and not recipe.corpus.files and recipe.objective != "causal":
        fresh = little_world.generate(_FLOOR_DOCUMENTS, recipe.seed + 1)
        floor = little_world.floor(islice(fresh, _FLOOR_DOCUMENTS))
        found |= {"floor": floor.loss, "floor_accuracy": floor.accuracy}
    return found


def prepare(recipe: Recipe, run: Run, cache: Path, progress: Progress | None = None) -> tuple[WordPiece, Corpus]:
    """Tokenizer and corpus of a run. The first call does the work, later ones and other processes find it done."""
    files = texts(recipe, cache)
    made = tokenizer(recipe, run, files, progress)
    read = corpus.prepare(files, made, cache, validation_share=recipe.corpus.validation_share, progress=progress)
    return made, read
