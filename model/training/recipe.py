"""What a run is asked to do: the fields of a ``recipe.toml``, each with its meaning, checked where they are built."""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

from model.config import BertConfig

SCHEMA = 1
_LARGEST = 1e15  # where no other bound is said; TOML has no infinity that JSON, which writes recipes, could write
OBJECTIVES = ("mlm+nsp", "mlm", "causal")
Objective = Literal["mlm+nsp", "mlm", "causal"]


@dataclass(frozen=True)
class Size:
    """The shape of a network under a name."""

    layers: int
    heads: int
    hidden_size: int
    max_length: int = 512
    initializer_range: float = 0.02  # BERT's own


SIZES = {
    # Every matrix fits on the screen (C16). A sum over 6 numbers is smaller than one over 768: weights begin larger.
    "textbook": Size(2, 2, 6, max_length=16, initializer_range=0.4),
    "tiny": Size(2, 2, 128),
    "mini": Size(4, 4, 256),
    "small": Size(4, 8, 512),
    "medium": Size(8, 8, 512),
    "base": Size(12, 12, 768),  # the four between, and base: Turc et al. 2019; Devlin et al. 2019
}


@dataclass(frozen=True)
class Setting:
    """What a form and ``--help`` say of a field beside its name, type and default, and which values it takes."""

    meaning: str
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()


_T = TypeVar("_T")


def _set(
    default: _T, meaning: str, low: float = -math.inf, high: float = math.inf, choices: tuple[str, ...] = ()
) -> _T:
    metadata = {"setting": Setting(meaning, low, high, choices)}
    if isinstance(default, dict):  # a default that a user could change would be every recipe's
        made: Any = field(default_factory=dict, metadata=metadata)
    else:
        made = field(default=default, metadata=metadata)
    return cast(_T, made)


def setting(of: dataclasses.Field[Any]) -> Setting:
    """The ``Setting`` of a field of a recipe."""
    return cast(Setting, of.metadata["setting"])


@dataclass(frozen=True)
class CorpusRecipe:
    """What is read."""

    files: tuple[str, ...] = _set(tuple[str, ...](), "text files, folders or patterns: .txt, .txt.gz, .txt.xz")
    little_world: int = _set(0, "documents of Little World to write and read, 0 for none", low=0)
    validation_share: float = _set(0.02, "share of the documents held out to measure on", low=0, high=0.5)
    weights: dict[str, float] = _set(
        dict[str, float](), "how often each file, by its name, is read in one pass; 1 where not named"
    )


@dataclass(frozen=True)
class VocabularyRecipe:
    """The WordPieces."""

    size: int = _set(8_192, "entries of the vocabulary to train, special tokens included", low=6)
    model: str = _set("", "a model directory whose vocabulary is taken instead")
    lowercase: bool = _set(True, "lower-case all text and strip accents")
    words: tuple[str, ...] = _set(
        tuple[str, ...](), "words that are entries however rare, in place of the last pieces trained"
    )
    keep_inflections: bool = _set(True, "false leaves out inflected gerunds, so that playing becomes play ##ing")


@dataclass(frozen=True)
class NetworkRecipe:
    """The shape of the BERT; a 0 takes the preset's number."""

    preset: str = _set("mini", "size by name", choices=tuple(SIZES))
    layers: int = _set(0, "layers, L", low=0)
    heads: int = _set(0, "attention heads in each layer, H", low=0)
    hidden_size: int = _set(0, "numbers per token between the layers, D", low=0)
    intermediate_size: int = _set(0, "width inside a feed-forward network; 0 gives 4 D", low=0)
    max_length: int = _set(0, "longest input that the model can read, in tokens", low=0)
    dropout: float = _set(0.0, "share of numbers dropped while training, after Devlin et al. 2019", low=0, high=0.9)


@dataclass(frozen=True)
class Phase:
    """A span of the run that differs from the rest; what is 0 or empty is as the recipe says."""

    share: float = _set(1.0, "share of the run; those of all phases add up to 1", low=0, high=1)
    length: int = _set(0, "tokens of an input", low=0)
    batch: int = _set(0, "inputs in a batch", low=0)
    chosen: float = _set(0.0, "share of the tokens chosen for prediction", low=0, high=0.9)
    weights: dict[str, float] = _set(dict[str, float](), "weights of corpus files, instead of the corpus's own")


@dataclass(frozen=True)
class Recipe:
    """One run. The defaults train *mini* on pairs of sentences, as in the chapter (C13, C14, C15).

    Raises ``ValueError`` with a sentence that names the key and the remedy where a value cannot be.
    """

    objective: Objective = _set(
        "mlm+nsp",
        "what is learnt: masked tokens and next sentence, masked tokens only, or the next token",
        choices=OBJECTIVES,
    )
    length: int = _set(128, "tokens of an input, [CLS] and [SEP] included", low=5)
    batch: int = _set(32, "inputs in a batch, for each process", low=1, high=65_536)
    accumulation: int = _set(1, "batches before the weights change", low=1)
    steps: int = _set(0, "changes of the weights; 0 where minutes are given", low=0)
    minutes: float = _set(0.0, "time to train instead of steps", low=0)
    optimizer: str = _set(
        "adamw", "adamw, or muon for the matrices of the layers and adamw for the rest", choices=("adamw", "muon")
    )
    learning_rate: float = _set(5e-4, "its peak", low=0, high=10)
    warmup: float = _set(0.05, "share of the run in which the learning rate rises", low=0, high=1)
    hold: float = _set(0.0, "share of the run in which it stays at the peak, after the rise", low=0, high=1)
    decay: str = _set("linear", "how it falls afterwards", choices=("linear", "cosine", "none"))
    weight_decay: float = _set(0.01, "decay of matrices and embeddings; biases and LayerNorms have none", low=0)
    beta1: float = _set(0.9, "memory of AdamW for the gradient", low=0, high=0.9999)
    beta2: float = _set(0.98, "memory of AdamW for its square", low=0, high=0.999999)
    epsilon: float = _set(1e-6, "AdamW's guard against division by zero", low=0)
    clip: float = _set(1.0, "largest norm of a gradient; 0 for none", low=0)
    chosen: float = _set(0.15, "share of the tokens chosen for prediction", low=0.001, high=0.9)
    masked: float = _set(0.8, "share of the chosen that become [MASK]", low=0, high=1)
    replaced: float = _set(0.1, "share of the chosen that become a random token; the rest stays", low=0, high=1)
    short_share: float = _set(0.1, "share of the inputs made shorter than they could be", low=0, high=1)
    bare_share: float = _set(0.0, "share of the inputs whose texts lose the . or ! at their end", low=0, high=1)
    same_word: float = _set(
        0.0, "weight of a loss that has the last head of layer 1 look at the same token elsewhere; 0 for none", low=0
    )
    precision: str = _set(
        "auto",
        "numbers to compute with; auto takes bf16 where the processor has it",
        choices=("auto", "float32", "bf16"),
    )
    seed: int = _set(0, "of weights, order, pairs and masks", low=0, high=2**63 - 1)
    start_from: str = _set("", "a model directory whose weights and vocabulary the run begins with")
    log_steps: int = _set(10, "steps between two lines of metrics", low=1)
    validate_steps: int = _set(500, "steps between two measurements on held-out documents", low=1)
    validate_rows: int = _set(512, "held-out inputs to measure on", low=1)
    snapshot_steps: int = _set(500, "steps between two snapshots that the explorer opens", low=1)
    save_seconds: float = _set(120.0, "seconds between two saves to go on from", low=0)
    corpus: CorpusRecipe = field(default_factory=CorpusRecipe)
    vocabulary: VocabularyRecipe = field(default_factory=VocabularyRecipe)
    network: NetworkRecipe = field(default_factory=NetworkRecipe)
    phases: tuple[Phase, ...] = ()

    def __post_init__(self) -> None:
        for table, of in (
            ("", self),
            ("corpus.", self.corpus),
            ("vocabulary.", self.vocabulary),
            ("network.", self.network),
            *((f"phases[{number}].", phase) for number, phase in enumerate(self.phases, 1)),
        ):
            _check(of, table)
        self._check_together()

    def _check_together(self) -> None:
        if not self.corpus.files and not self.corpus.little_world:
            raise ValueError("corpus.files is empty: name text files or folders, or set corpus.little_world.")
        if bool(self.steps) == bool(self.minutes):
            raise ValueError("Set either steps or minutes, and leave the other one out.")
        if self.warmup + self.hold > 1 + 1e-9:
            raise ValueError("warmup and hold add up to more than 1: lower one, in the rest the learning rate falls.")
        if self.masked + self.replaced > 1 + 1e-9:
            raise ValueError("masked and replaced add up to more than 1: lower one, the rest of the chosen stays.")
        if self.phases and abs(sum(phase.share for phase in self.phases) - 1) > 1e-6:
            raise ValueError("The shares of the phases must add up to 1: change the share of one.")
        if self.same_word and self.objective == "causal":
            raise ValueError("same_word needs tokens that are not predicted, and causal predicts all: set it to 0.")
        if self.start_from and self.vocabulary.model:
            raise ValueError("start_from and vocabulary.model are both set: leave the latter out, weights have theirs.")
        config = None if self.start_from else self.config(max(self.vocabulary.size, 6))
        for number, phase in enumerate(self.phases or (Phase(),), 1):
            length = phase.length or self.length
            key = f"phases[{number}].length" if phase.length else "length"
            if length < 5:
                raise ValueError(f"{key} must be at least 5: [CLS], a token, [SEP], a token, [SEP].")
            if config is not None and length > config.max_position_embeddings:
                longest = config.max_position_embeddings
                raise ValueError(f"{key} {length} is more than network.max_length {longest}: lower it, or raise that.")

    def config(self, vocabulary: int) -> BertConfig:
        """The network's configuration with that many vocabulary entries; ``ValueError`` where sizes do not fit."""
        network, size = self.network, SIZES[self.network.preset]
        hidden = network.hidden_size or size.hidden_size
        heads = network.heads or (size.heads if not network.hidden_size else max(1, hidden // 64))
        if hidden % heads:
            raise ValueError(
                f"network.hidden_size and network.heads do not fit: {hidden} cannot be split over {heads}."
            )
        return BertConfig(
            vocab_size=vocabulary,
            hidden_size=hidden,
            num_hidden_layers=network.layers or size.layers,
            num_attention_heads=heads,
            intermediate_size=network.intermediate_size or 4 * hidden,
            max_position_embeddings=network.max_length or size.max_length,
            hidden_dropout_prob=network.dropout,
            attention_probs_dropout_prob=network.dropout,
            initializer_range=size.initializer_range,
            is_decoder=self.objective == "causal",
        )

    def parameters(self, entries: int) -> int:
        """Weights of the fresh network with that many vocabulary entries, without building it."""
        config = self.config(entries)
        D, inner = config.hidden_size, config.intermediate_size
        norm, square = 2 * D, D * D + D  # a LayerNorm; a projection from D numbers to as many, with its bias
        embeddings = (entries + config.max_position_embeddings + config.type_vocab_size) * D + norm
        layer = 4 * square + norm + (D * inner + inner) + (inner * D + D) + norm
        masked_lm = square + norm + entries  # its decoder is the token embedding again, with a bias of its own
        next_sentence = square + 2 * D + 2 if self.objective == "mlm+nsp" else 0
        return embeddings + config.num_hidden_layers * layer + masked_lm + next_sentence

    def phase(self, progress: float) -> int:
        """The number of the phase that stands at ``progress``, 0 … 1 of the run."""
        end = 0.0
        for number, phase in enumerate(self.phases):
            end += phase.share
            if progress < end - 1e-9:
                return number
        return max(len(self.phases) - 1, 0)

    def filled(self, number: int) -> Phase:
        """Phase ``number`` with what it leaves open filled in; the whole run where there are no phases."""
        phase = self.phases[number] if self.phases else Phase()
        return Phase(
            share=phase.share,
            length=phase.length or self.length,
            batch=phase.batch or self.batch,
            chosen=phase.chosen or self.chosen,
            weights=phase.weights or self.corpus.weights,
        )

    def to_toml(self) -> str:
        """The recipe as it stands in ``recipe.toml``: every field with its meaning behind it."""
        lines = [f"schema = {SCHEMA}", "", *_lines(self)]
        for name in ("corpus", "vocabulary", "network"):
            lines += ["", f"[{name}]", *_lines(getattr(self, name))]
        for phase in self.phases:
            lines += ["", "[[phases]]", *_lines(phase)]
        return "\n".join(lines) + "\n"

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> Recipe:
        """The recipe with these values, in tables as in a file. ``ValueError`` names what is wrong and what to do."""
        fields = dict(fields)
        for key, kind in _TABLES.items():
            if key in fields:
                fields[key] = _build(kind, fields[key], f"{key}.")
        if "phases" in fields:
            if not isinstance(fields["phases"], list):
                raise ValueError("phases must be a list: write [[phases]] above each.")
            fields["phases"] = tuple(
                _build(Phase, phase, f"phases[{number}].") for number, phase in enumerate(fields["phases"], 1)
            )
        return _build(cls, fields, "")

    @classmethod
    def from_toml(cls, text: str, name: str = "The recipe") -> Recipe:
        """The recipe that ``text`` describes. ``ValueError`` names what is wrong and what to do."""
        try:
            fields = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"{name} is not valid TOML: {error}.") from error
        schema = fields.pop("schema", SCHEMA)
        if not isinstance(schema, int) or schema > SCHEMA:
            raise ValueError(f"{name} has schema {schema}, this program knows up to {SCHEMA}: use a newer program.")
        return cls.from_fields(fields)

    @classmethod
    def read(cls, file: Path) -> Recipe:
        """The recipe in ``file``, its paths made absolute from where the file lies. ``ValueError``, ``OSError``."""
        try:
            recipe = cls.from_toml(file.read_text(encoding="utf-8"), file.name)
        except UnicodeDecodeError as error:
            raise ValueError(f"{file.name} is not UTF-8 text: save it as UTF-8.") from error
        return recipe.placed(file.resolve().parent)

    def placed(self, folder: Path) -> Recipe:
        """The recipe with every path absolute, relative ones as seen from ``folder``."""

        def absolute(path: str) -> str:
            return str(folder / Path(path).expanduser()) if path else path

        return dataclasses.replace(
            self,
            corpus=dataclasses.replace(self.corpus, files=tuple(map(absolute, self.corpus.files))),
            vocabulary=dataclasses.replace(self.vocabulary, model=absolute(self.vocabulary.model)),
            start_from=absolute(self.start_from),
        )


_R = TypeVar("_R")
_TABLES = {"corpus": CorpusRecipe, "vocabulary": VocabularyRecipe, "network": NetworkRecipe}


def problems(fields: dict[str, Any]) -> list[str]:
    """All that keeps ``Recipe.from_fields(fields)`` from a recipe, a sentence each that begins with its key.

    Of values that do not go together there is one sentence at most, and none while a single value cannot be.
    """
    found = []
    for table, kind in {"": Recipe, **_TABLES}.items():
        values, before = (fields.get(table, {}), f"{table}.") if table else (fields, "")
        for one in dataclasses.fields(kind):
            if "setting" in one.metadata and one.name in values:
                value = values[one.name]
                try:
                    _checked(one, before + one.name, tuple(value) if isinstance(value, list) else value)
                except ValueError as error:
                    found.append(str(error))
    if not found:
        try:
            Recipe.from_fields(fields)
        except ValueError as error:
            found.append(str(error))
    return found


def _build(kind: type[_R], fields: object, table: str) -> _R:
    """A dataclass out of a TOML table; an unknown key is named with the one that was perhaps meant."""
    if not isinstance(fields, dict):
        raise ValueError(f"{table.rstrip('.')} must be a table of keys and values.")
    known = {of.name: of for of in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for key in fields:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}."
            raise ValueError(f"{table}{key} is no key of a recipe: {hint}")
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()})


_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", tuple: "a list of texts"}


def _check(of: Any, table: str) -> None:
    """Checks every field that has a setting, and makes a whole number given for a float one."""
    for one in dataclasses.fields(of):
        if "setting" in one.metadata:
            object.__setattr__(of, one.name, _checked(one, f"{table}{one.name}", getattr(of, one.name)))


def _checked(one: dataclasses.Field[Any], key: str, value: Any) -> Any:
    """``value`` as the field holds it. ``ValueError``, beginning with ``key``, where it cannot be the field's."""
    if one.default is dataclasses.MISSING:
        _check_weights(key, value)
        return value
    wanted: type = type(one.default)
    if wanted is float and type(value) is int:
        value = float(value)
    if type(value) is not wanted or (isinstance(value, tuple) and not all(isinstance(entry, str) for entry in value)):
        raise ValueError(f"{key} must be {_KINDS[wanted]}, not {value!r}.")
    _check_range(key, value, setting(one))
    return value


def _check_range(key: str, value: Any, setting: Setting) -> None:
    if setting.choices and value not in setting.choices:
        raise ValueError(f"{key} {value!r} is not known: choose one of {', '.join(setting.choices)}.")
    high = _LARGEST if setting.high == math.inf else setting.high
    if isinstance(value, int | float) and not setting.low <= value <= high:  # NaN is refused, too
        if not value > high and setting.high == math.inf:
            raise ValueError(f"{key} must be at least {setting.low:g}, not {value!r}.")
        raise ValueError(f"{key} must be between {setting.low:g} and {high:g}, not {value!r}.")


def _check_weights(key: str, weights: object) -> None:
    numbers: list[object] = list(weights.values()) if isinstance(weights, dict) else [None]
    for weight in numbers:
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= 1_000:
            raise ValueError(f"{key} must give each file's name a number from 0 to 1000, such as {{ news = 2.0 }}.")


def _lines(of: Any) -> list[str]:
    return [
        f"{one.name} = {_toml(getattr(of, one.name))}  # {setting(one).meaning}"
        for one in dataclasses.fields(of)
        if "setting" in one.metadata
    ]


def phases_to_toml(phases: tuple[Phase, ...]) -> str:
    """The phases as they stand in a file, each with no more than what it changes."""
    lines, usual = list[str](), vars(Phase())
    for phase in phases:
        lines += [
            "[[phases]]",
            *(f"{key} = {_toml(value)}" for key, value in vars(phase).items() if value != usual[key]),
        ]
    return "\n".join(lines)


def _toml(value: object) -> str:
    """A value as TOML writes it; JSON writes texts, numbers, booleans and lists of them the same way."""
    if isinstance(value, dict):
        inside = ", ".join(f"{_toml(str(key))} = {_toml(entry)}" for key, entry in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # the one that only JSON lets stand
