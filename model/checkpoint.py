"""A Hugging Face directory to a ``Bert`` and back. Nothing in a checkpoint is believed before it is checked."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor
from torch.overrides import TorchFunctionMode

from model.bert import Bert
from model.config import BertConfig, read_json_object
from model.network import BertNetwork
from model.weights import Stored, find_weights
from model.wordpiece import WordPiece

EMBEDDING = "bert.embeddings.word_embeddings.weight"
DECODER = "cls.predictions.decoder.weight"
DECODER_BIAS = "cls.predictions.decoder.bias"
OTHER_BIAS = "cls.predictions.bias"  # the same bias under its older name

_SAVED = {"config.json", "model.safetensors", "vocab.txt", "tokenizer.json", "tokenizer_config.json"}


def load(path: str | os.PathLike[str]) -> Bert:
    """The BERT in the Hugging Face directory ``path``, its weights as float32 in memory of its own.

    Which parts it has (pooler, MLM, NSP) follows from the weights that are there, not from ``architectures``. What it
    lacks and what is not used here stands in ``Bert.notes``. An embedding may have more rows than the vocabulary has
    entries, as padded vocabularies do; fewer would leave tokens without one.

    Raises ``ValueError`` for a directory that holds no such model, or a damaged or hostile one, and ``OSError`` for one
    that cannot be read: one sentence each.
    """
    directory = Path(path)
    try:
        return _load(directory)
    except OSError as error:
        if error.errno is None:  # a sentence already
            raise
        raise OSError(f"{error.filename or directory} cannot be read: {error.strerror}.") from error


def save(bert: Bert, path: str | os.PathLike[str], dtype: torch.dtype = torch.float32) -> None:
    """Write ``bert`` as a Hugging Face directory, weights in ``dtype``; ``transformers`` opens it.

    All is written beside ``path`` and then renamed. A former save is replaced; ``ValueError`` where ``path`` holds
    anything else, ``OSError`` with one sentence where it cannot be written.
    """
    directory = Path(path).absolute()
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        if directory.exists() and {entry.name for entry in directory.iterdir()} - _SAVED:
            raise ValueError(f"{directory} holds other files: choose a new folder.")
        with tempfile.TemporaryDirectory(dir=directory.parent, prefix=f".{directory.name}-") as scratch:
            written, former = Path(scratch, "written"), Path(scratch, "former")
            written.mkdir()
            _write(bert, written, dtype)
            if directory.exists():
                directory.rename(former)
            try:
                written.rename(directory)
            except OSError:
                if former.exists():
                    former.rename(directory)
                raise
    except (OSError, SafetensorError) as error:
        raise OSError(f"{directory} cannot be written: {getattr(error, 'strerror', None) or error}.") from error


def _load(directory: Path) -> Bert:
    fields = _read_config(directory)
    config = BertConfig.from_fields(fields)
    tokenizer = WordPiece.read(directory)
    if (entries := len(tokenizer.tokens)) > config.vocab_size:
        raise ValueError(
            f"The vocabulary has {entries} entries, but config.json says {config.vocab_size}: "
            "one of the two is another model's."
        )
    found = find_weights(directory)
    names = _parameter_names(found)
    network = _empty_network(config, set(names))
    expected = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    kept = {key: stored for name, (key, stored) in names.items() if name not in expected}
    weights = {name: stored for name, (_, stored) in names.items() if name in expected}
    _require_fitting(expected, weights, config)

    notes = [*_lacks(network), *_unused(list(kept))]
    if entries < config.vocab_size:
        notes.append(
            f"The vocabulary names {entries} of the {config.vocab_size} rows of the embedding; no text has the rest."
        )
    notes += _fill(network, weights)
    length = fields.get("trained_length")
    return Bert(
        name=directory.resolve().name,
        network=network,
        tokenizer=tokenizer.padded(config.vocab_size),
        origin=directory,
        task_heads={key: _as_float32(stored.read()) for key, stored in kept.items()},
        notes=tuple(notes),
        trained_length=length if isinstance(length, int) and length > 0 else None,
    )


def _read_config(directory: Path) -> dict[str, Any]:
    if not directory.exists():
        raise FileNotFoundError(f"{directory} does not exist.")
    if not directory.is_dir():
        raise ValueError(f"{directory} is a file: choose the folder that it lies in.")
    if not (directory / "config.json").exists():
        raise ValueError(f"{directory} has no config.json: choose the folder of a Hugging Face model.")
    return read_json_object(directory / "config.json")


def _parameter_names(found: dict[str, Stored]) -> dict[str, tuple[str, Stored]]:
    """{parameter of the network: (its key in the checkpoint, the tensor)}; a key it does not know stays as it is."""
    names = {}
    for key, stored in found.items():
        if key.endswith("position_ids"):  # 0, 1, 2, …: once saved, never needed
            continue
        name = key.replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias")
        if name.startswith(("embeddings.", "encoder.", "pooler.")):
            name = f"bert.{name}"
        names[name] = (key, stored)
    # The MLM bias has two names; transformers computes with the decoder's where both are there and differ.
    if (other := names.pop(OTHER_BIAS, None)) is not None:
        names.setdefault(DECODER_BIAS, other)
    return names


_FILLS = (Tensor.normal_, Tensor.uniform_, Tensor.zero_, Tensor.fill_)


class _Unfilled(TorchFunctionMode):
    """Leaves parameters as they come: drawing them costs a second or more, and the checkpoint replaces them."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if getattr(func, "__module__", None) == "torch.nn.init" or func in _FILLS:
            return args[0] if args else kwargs["tensor"]
        return func(*args, **(kwargs or {}))


def _empty_network(config: BertConfig, names: set[str]) -> BertNetwork:
    """A network on the meta device, shapes without memory, with the parts of which ``names`` has any weight."""
    layers = len({match[1] for name in names if (match := re.match(r"bert\.encoder\.layer\.(\d+)\.", name))})
    if layers < config.num_hidden_layers:
        raise ValueError(f"config.json says {config.num_hidden_layers} layers, but there are weights of {layers}.")
    mlm, nsp, pooler = (
        any(name.startswith(part) for name in names)
        for part in ("cls.predictions.", "cls.seq_relationship.", "bert.pooler.")
    )
    try:
        with torch.device("meta"), _Unfilled():
            return BertNetwork(config, pooler=pooler or nsp, mlm=mlm, nsp=nsp)
    except (RuntimeError, TypeError, OverflowError) as error:
        raise ValueError("config.json describes a network larger than any computer's memory.") from error


def _require_fitting(expected: dict[str, tuple[int, ...]], weights: dict[str, Stored], config: BertConfig) -> None:
    """``ValueError`` for a weight that is missing, has another shape than ``config`` implies, or is no float."""
    missing = [
        name for name in expected if name not in weights and not (name == DECODER and config.tie_word_embeddings)
    ]
    if missing:
        raise ValueError(f"The checkpoint is incomplete: it lacks {_few(missing)}.")
    for name in expected:  # in the network's order, so that the embedding is named before what follows from it
        if (stored := weights.get(name)) is None:
            continue
        if stored.shape != expected[name]:
            raise ValueError(f"{name} has the shape {stored.shape}, but config.json implies {expected[name]}.")
        if not stored.dtype.is_floating_point:
            raise ValueError(
                f"{name} holds {str(stored.dtype).removeprefix('torch.')} numbers; weights must be floats."
            )


def _fill(network: BertNetwork, weights: dict[str, Stored]) -> list[str]:
    """Read the weights into ``network``, one tensor at a time; the sentences to say about them."""
    state, spoilt = {}, []
    for name, stored in weights.items():
        state[name] = _as_float32(stored.read())
        if not all(map(math.isfinite, state[name].aminmax())):
            spoilt.append(name)
    tied = network.config.tie_word_embeddings and network.cls.predictions is not None
    if tied and DECODER in state and not torch.equal(state[DECODER], state[EMBEDDING]):
        network.config = dataclasses.replace(network.config, tie_word_embeddings=False)
        tied = False
    if tied:
        state[DECODER] = state[EMBEDDING]
    network.load_state_dict(state, assign=True)
    if tied and network.cls.predictions is not None:
        network.cls.predictions.decoder.weight = network.bert.embeddings.word_embeddings.weight
    return [f"Some numbers are not finite, so results may be empty: {_few(spoilt)}."] if spoilt else []


def _lacks(network: BertNetwork) -> list[str]:
    """A sentence for each head that the checkpoint does not have."""
    notes = []
    if network.cls.predictions is None:
        notes.append("The checkpoint has no MLM head: it predicts no tokens.")
    if network.cls.seq_relationship is None:
        notes.append("The checkpoint has no NSP head: it does not say whether B follows A.")
    return notes


def _unused(keys: list[str]) -> list[str]:
    return [f"Not used here, but kept when the model is saved: {_few(sorted(keys))}."] if keys else []


def _few(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _as_float32(tensor: Tensor) -> Tensor:
    return tensor.to(torch.float32) if tensor.is_floating_point() else tensor


def _write(bert: Bert, directory: Path, dtype: torch.dtype) -> None:
    """Weights, configuration and tokenizer into the empty ``directory``."""
    state = dict(bert.network.state_dict())
    if DECODER in state:
        if bert.config.tie_word_embeddings:
            del state[DECODER]
        state[OTHER_BIAS] = state[DECODER_BIAS].clone()  # transformers reads one name when tied, the other when not
    state.update(bert.task_heads)
    tensors = {
        key: tensor.detach().to("cpu", dtype if tensor.is_floating_point() else None).contiguous()
        for key, tensor in state.items()
    }
    save_file(tensors, directory / "model.safetensors", metadata={"format": "pt"})
    text = json.dumps(_config_fields(bert, dtype), indent=2, ensure_ascii=False) + "\n"
    (directory / "config.json").write_text(text, encoding="utf-8", newline="\n")
    shutil.copymode(
        directory / "config.json", directory / "model.safetensors"
    )  # that one is written for its owner only
    bert.tokenizer.save(directory)


def _config_fields(bert: Bert, dtype: torch.dtype) -> dict[str, Any]:
    """``config.json``: the network's fields, and from the one it was read from those that are not known here."""
    other: dict[str, Any] = {}
    if bert.origin is not None and (path := bert.origin / "config.json").exists():
        other = read_json_object(path)
    other.pop("dtype", None)  # a newer name of torch_dtype
    architectures = [_architecture(bert.network)]
    if bert.task_heads and isinstance(other.get("architectures"), list):
        architectures = other["architectures"]
    fields = {**other, **bert.config.to_fields()}
    fields |= {"architectures": architectures, "torch_dtype": str(dtype).removeprefix("torch.")}
    if bert.trained_length is not None:
        fields["trained_length"] = bert.trained_length
    return fields


def _architecture(network: BertNetwork) -> str:
    mlm, nsp = network.cls.predictions is not None, network.cls.seq_relationship is not None
    if mlm and not nsp:
        return "BertLMHeadModel" if network.config.is_decoder else "BertForMaskedLM"
    return {(True, True): "BertForPreTraining", (False, True): "BertForNextSentencePrediction"}.get(
        (mlm, nsp), "BertModel"
    )
