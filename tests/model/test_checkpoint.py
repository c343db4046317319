"""Every way in which a BERT lies on a disk, there and back, and everything that only pretends to be one."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
import transformers
from torch import Tensor

from model.bert import Bert
from model.checkpoint import load, save
from model.wordpiece import WordPiece
from tests.model.checkpoints import STARTER, VOCABULARY, hugging_face

HEADS = ["BertForPreTraining", "BertForMaskedLM", "BertForNextSentencePrediction", "BertModel"]
IDS = torch.tensor([[2, 40, 500, 6000, 3]])


def tensors(directory: Path) -> dict[str, Tensor]:
    return safetensors.torch.load_file(directory / "model.safetensors")


def write(directory: Path, weights: dict[str, Tensor]) -> None:
    safetensors.torch.save_file(weights, directory / "model.safetensors", metadata={"format": "pt"})


def set_config(directory: Path, **fields: Any) -> None:
    path = directory / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def pickled(directory: Path, weights: dict[str, Any], **how: Any) -> None:
    """The same checkpoint as a ``pytorch_model.bin``."""
    torch.save(weights, directory / "pytorch_model.bin", **how)
    (directory / "model.safetensors").unlink()


def same_weights(bert: Bert, theirs: Any) -> None:
    expected = (
        theirs.state_dict() if hasattr(theirs, "bert") else {f"bert.{k}": v for k, v in theirs.state_dict().items()}
    )
    ours = bert.network.state_dict()
    assert set(ours) <= set(expected)
    for name, tensor in ours.items():
        assert tensor.dtype == torch.float32
        assert not tensor.is_meta
        assert torch.equal(tensor, expected[name].float()), name


def outputs(theirs: Any) -> list[Tensor]:
    """Every number that a ``transformers`` model gives for ``IDS``."""
    with torch.no_grad():
        found = theirs(IDS, token_type_ids=torch.zeros_like(IDS)).to_tuple()
    return [value for value in found if isinstance(value, Tensor)]


# Variants in which the same weights may lie there


def no_prefix(directory: Path, weights: dict[str, Tensor]) -> None:
    write(directory, {key.removeprefix("bert."): tensor for key, tensor in weights.items()})


def gamma_and_beta(directory: Path, weights: dict[str, Tensor]) -> None:
    def old(key: str) -> str:
        return key.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")

    write(directory, {old(key): tensor for key, tensor in weights.items()})


def decoder_twice(directory: Path, weights: dict[str, Tensor]) -> None:
    embedding = weights["bert.embeddings.word_embeddings.weight"]
    bias = weights["cls.predictions.bias"]
    extra = {"cls.predictions.decoder.weight": embedding.clone(), "cls.predictions.decoder.bias": bias.clone()}
    write(directory, {**weights, **extra})


def only_decoder_bias(directory: Path, weights: dict[str, Tensor]) -> None:
    weights["cls.predictions.decoder.bias"] = weights.pop("cls.predictions.bias")
    write(directory, weights)


def position_ids(directory: Path, weights: dict[str, Tensor]) -> None:
    write(directory, {**weights, "bert.embeddings.position_ids": torch.arange(64)[None]})


def zipped_pickle(directory: Path, weights: dict[str, Tensor]) -> None:
    tied = {"cls.predictions.decoder.weight": weights["bert.embeddings.word_embeddings.weight"]}
    pickled(directory, {**weights, **tied})


def legacy_pickle(directory: Path, weights: dict[str, Tensor]) -> None:
    pickled(directory, weights, _use_new_zipfile_serialization=False)


def parameters_and_a_counter(directory: Path, weights: dict[str, Tensor]) -> None:
    pickled(directory, {**{key: torch.nn.Parameter(tensor) for key, tensor in weights.items()}, "step": 3})


def sharded(directory: Path, weights: dict[str, Tensor]) -> None:
    (directory / "model.safetensors").unlink()
    shard_into(directory, weights, "model", "safetensors", safetensors.torch.save_file)


def sharded_pickle(directory: Path, weights: dict[str, Tensor]) -> None:
    (directory / "model.safetensors").unlink()
    shard_into(directory, weights, "pytorch_model", "bin", torch.save)


def shard_into(directory: Path, weights: dict[str, Tensor], stem: str, end: str, write_one: Callable[..., Any]) -> None:
    places = {key: f"{stem}-{number % 3 + 1:05}-of-00003.{end}" for number, key in enumerate(weights)}
    for name in set(places.values()):
        write_one({key: tensor for key, tensor in weights.items() if places[key] == name}, directory / name)
    (directory / f"{stem}.{end}.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))


VARIANTS = [
    no_prefix, gamma_and_beta, decoder_twice, only_decoder_bias, position_ids, zipped_pickle, legacy_pickle,
    parameters_and_a_counter, sharded, sharded_pickle,
]  # fmt: skip


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_layout_gives_the_same_weights(variant: Callable[..., None], tmp_path: Path) -> None:
    theirs = hugging_face(tmp_path, "BertForPreTraining")
    variant(tmp_path, tensors(tmp_path))
    bert = load(tmp_path)
    same_weights(bert, theirs)
    assert (bert.has_mlm, bert.has_nsp, bert.notes, bert.task_heads) == (True, True, (), {})
    predictions = bert.network.cls.predictions
    assert predictions is not None
    assert predictions.decoder.weight is bert.network.bert.embeddings.word_embeddings.weight


@pytest.mark.parametrize("architecture", HEADS)
def test_the_parts_are_those_whose_weights_are_there(architecture: str, tmp_path: Path) -> None:
    theirs = hugging_face(tmp_path, architecture)
    set_config(tmp_path, architectures=["SomethingElse"])
    bert = load(tmp_path)
    same_weights(bert, theirs)
    assert bert.has_mlm == (architecture in ("BertForPreTraining", "BertForMaskedLM"))
    assert bert.has_nsp == (architecture in ("BertForPreTraining", "BertForNextSentencePrediction"))
    assert any("no MLM head" in note for note in bert.notes) != bert.has_mlm
    assert any("no NSP head" in note for note in bert.notes) != bert.has_nsp
    assert (bert.network.bert.pooler is not None) == (architecture != "BertForMaskedLM")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("file", ["safetensors", "bin"])
def test_other_precisions_become_float32(dtype: torch.dtype, file: str, tmp_path: Path) -> None:
    theirs = hugging_face(tmp_path, "BertForPreTraining").to(dtype)
    weights = {key: tensor.to(dtype) for key, tensor in tensors(tmp_path).items()}
    write(tmp_path, weights) if file == "safetensors" else pickled(tmp_path, weights)
    same_weights(load(tmp_path), theirs)


@pytest.mark.parametrize("architecture", [*HEADS, "BertLMHeadModel"])
def test_transformers_computes_the_same_with_what_save_wrote(architecture: str, tmp_path: Path) -> None:
    theirs = hugging_face(tmp_path / "theirs", architecture, is_decoder=architecture == "BertLMHeadModel")
    save(load(tmp_path / "theirs"), tmp_path / "ours")
    config = transformers.AutoConfig.from_pretrained(tmp_path / "ours")
    assert config.architectures == [architecture]
    again = getattr(transformers, architecture).from_pretrained(tmp_path / "ours").eval()
    written, read = theirs.state_dict(), again.state_dict()
    assert written.keys() == read.keys()
    assert all(torch.equal(written[name], read[name]) for name in written)
    # The same weights at another address may take another kernel, which adds up in another order.
    for a, b in zip(outputs(theirs), outputs(again), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-6)


@pytest.mark.parametrize("said", [True, False])
def test_an_untied_decoder_stays_untied(said: bool, tmp_path: Path) -> None:
    theirs = hugging_face(tmp_path / "theirs", "BertForMaskedLM", tie_word_embeddings=False)
    set_config(tmp_path / "theirs", tie_word_embeddings=not said)
    bert = load(tmp_path / "theirs")
    assert not bert.config.tie_word_embeddings
    save(bert, tmp_path / "ours")
    again = transformers.BertForMaskedLM.from_pretrained(tmp_path / "ours").eval()
    assert torch.equal(again.cls.predictions.decoder.weight, theirs.cls.predictions.decoder.weight)
    expected = transformers.BertForMaskedLM.from_pretrained(tmp_path / "theirs").eval()
    torch.testing.assert_close(outputs(again)[0], outputs(expected)[0], rtol=0, atol=1e-6)
    same_weights(bert, expected)


@pytest.mark.parametrize("architecture", ["BertForSequenceClassification", "BertForQuestionAnswering"])
def test_a_task_head_is_named_and_kept(architecture: str, tmp_path: Path) -> None:
    theirs = hugging_face(tmp_path / "theirs", architecture)
    bert = load(tmp_path / "theirs")
    head = "classifier" if "Classification" in architecture else "qa_outputs"
    assert set(bert.task_heads) == {f"{head}.weight", f"{head}.bias"}
    assert any(f"{head}.bias, {head}.weight" in note for note in bert.notes)
    save(bert, tmp_path / "ours")
    again = transformers.AutoConfig.from_pretrained(tmp_path / "ours")
    assert again.architectures == [architecture]
    again = getattr(transformers, architecture).from_pretrained(tmp_path / "ours").eval()
    for a, b in zip(outputs(theirs), outputs(again), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_what_is_saved_loads_as_it_was(dtype: torch.dtype, tmp_path: Path) -> None:
    bert = load(STARTER)  # its weights are float16, so that neither way loses anything
    save(bert, tmp_path / "saved", dtype)
    again = load(tmp_path / "saved")
    assert (again.config, again.trained_length, again.notes) == (bert.config, bert.trained_length, ())
    assert again.tokenizer.tokens == bert.tokenizer.tokens
    assert all(torch.equal(a, b) for a, b in zip(bert.network.parameters(), again.network.parameters(), strict=True))
    assert {tensor.dtype for tensor in tensors(tmp_path / "saved").values()} == {dtype}
    assert json.loads((tmp_path / "saved" / "config.json").read_text())["torch_dtype"] == str(dtype)[6:]


def test_a_save_replaces_a_former_save_and_nothing_else(tmp_path: Path) -> None:
    bert = load(STARTER)
    save(bert, tmp_path / "new", torch.float16)
    save(bert, tmp_path / "new", torch.float16)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new"]
    (tmp_path / "new" / "thesis.odt").write_text("three years of work")
    with pytest.raises(ValueError, match="holds other files"):
        save(bert, tmp_path / "new")
    assert (tmp_path / "new" / "thesis.odt").exists()


def test_a_failed_save_leaves_the_former_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bert = load(STARTER)
    save(bert, tmp_path / "model", torch.float16)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(WordPiece, "save", full)
    with pytest.raises(OSError, match=r"model cannot be written: No space left on device\."):
        save(bert, tmp_path / "model")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model"]
    assert load(tmp_path / "model").has_mlm


def test_loading_does_not_depend_on_the_file_afterwards(tmp_path: Path) -> None:
    theirs = hugging_face(tmp_path, "BertForMaskedLM")
    pickled(tmp_path, tensors(tmp_path))
    bert = load(tmp_path)
    (tmp_path / "pytorch_model.bin").write_bytes(b"")  # a mapped file would now end in a bus error
    same_weights(bert, theirs)


def test_rows_without_a_word_are_named(tmp_path: Path) -> None:
    hugging_face(tmp_path, "BertForMaskedLM", vocab_size=VOCABULARY + 16)
    bert = load(tmp_path)
    assert len(bert.tokenizer.tokens) == bert.config.vocab_size == VOCABULARY + 16
    assert any(f"{VOCABULARY} of the {VOCABULARY + 16} rows" in note for note in bert.notes)


def test_numbers_that_are_not_finite_are_told(tmp_path: Path) -> None:
    hugging_face(tmp_path, "BertForMaskedLM")
    weights = tensors(tmp_path)
    weights["bert.embeddings.LayerNorm.weight"][3] = torch.nan
    weights["cls.predictions.bias"][3] = torch.inf
    write(tmp_path, weights)
    assert any(
        "not finite" in note and "embeddings.LayerNorm.weight" in note and "decoder.bias" in note
        for note in load(tmp_path).notes
    )


# What only pretends to be a model. Each takes a good directory and spoils it; the message must say what is wrong.


def header(directory: Path, fields: Any, body: bytes = b"", length: int | None = None) -> None:
    text = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    size = struct.pack("<Q", len(text) if length is None else length)
    (directory / "model.safetensors").write_bytes(size + text + body)


def entry(first: int, last: int, shape: list[int], dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [first, last]}


def truncate(directory: Path) -> None:
    path = directory / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])


def index(directory: Path, places: Any) -> None:
    (directory / "model.safetensors").rename(directory / "other.safetensors")
    (directory / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))


def change(key: str, new: Callable[[Tensor], Tensor] | None) -> Callable[[Path], None]:
    def spoil(directory: Path) -> None:
        weights = tensors(directory)
        old = weights.pop(key)
        write(directory, weights if new is None else {**weights, key: new(old)})

    return spoil


def only_foreign(name: str) -> Callable[[Path], None]:
    def spoil(directory: Path) -> None:
        (directory / "model.safetensors").rename(directory / name)

    return spoil


class Evil:
    """Unpickled the old way this would make a file."""

    marker = ""

    def __reduce__(self) -> Any:
        return os.mkdir, (self.marker,)


def code(directory: Path, **how: Any) -> None:
    Evil.marker = str(directory / "marker")
    pickled(directory, {"bert.embeddings.word_embeddings.weight": Evil()}, **how)


def bare_code(directory: Path) -> None:
    code(directory)
    (directory / "pytorch_model.bin").write_bytes(pickle.dumps(Evil(), protocol=2))


def rezip(directory: Path, compression: int, edit: Callable[[str, bytes], bytes]) -> None:
    """``pytorch_model.bin`` packed once more, each member passed through ``edit``."""
    pickled(directory, tensors(directory))
    path = directory / "pytorch_model.bin"
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, edit(name, content))


def bomb(directory: Path) -> None:
    rezip(directory, zipfile.ZIP_DEFLATED, lambda name, content: bytes(10**8) if name.endswith("/0") else content)


def garbage(directory: Path) -> None:
    pickled(directory, {})
    (directory / "pytorch_model.bin").write_bytes(bytes(range(256)) * 100)


def broken_zip(directory: Path) -> None:
    pickled(directory, tensors(directory))
    path = directory / "pytorch_model.bin"
    path.write_bytes(path.read_bytes()[:-2000])


def stretched(directory: Path) -> None:
    weights = tensors(directory)
    weights["bert.extra"] = torch.zeros(1).expand(10**13)
    pickled(directory, weights)


def more_words(directory: Path) -> None:
    with (directory / "vocab.txt").open("a") as file:
        file.write("onemore\n")


HOSTILE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no config": (lambda d: (d / "config.json").unlink(), "no config.json"),
    "GPT": (lambda d: set_config(d, model_type="gpt2"), "'gpt2'"),
    "no weights": (lambda d: (d / "model.safetensors").unlink(), "holds no weights"),
    "no tokenizer": (lambda d: (d / "vocab.txt").unlink(), "neither vocab.txt nor tokenizer.json"),
    "TensorFlow": (only_foreign("tf_model.h5"), r"TensorFlow weights only \(tf_model.h5\)"),
    "TensorFlow 1": (only_foreign("bert_model.ckpt.data-00000-of-00001"), "TensorFlow weights only"),
    "Flax": (only_foreign("flax_model.msgpack"), "Flax weights only"),
    "ONNX": (only_foreign("model.onnx"), "ONNX weights only"),
    "Git LFS": (
        lambda d: (d / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\n"),
        "git lfs pull",
    ),
    "empty": (lambda d: (d / "model.safetensors").write_bytes(b""), "model.safetensors is damaged"),
    "truncated": (truncate, "is damaged .* ends at byte"),
    "10 TB header": (lambda d: header(d, {}, length=10**13), "claims 10000000000000 bytes"),
    "10 TB tensor": (lambda d: header(d, {"a": entry(0, 10**13, [10**13 // 4])}), "a ends at byte"),
    "overlap": (lambda d: header(d, {"a": entry(0, 8, [2]), "b": entry(4, 12, [2])}, bytes(12)), "b lies over"),
    "negative": (lambda d: header(d, {"a": entry(-8, 0, [2])}, bytes(8)), "header cannot be read"),
    "backwards": (lambda d: header(d, {"a": entry(8, 0, [-2])}, bytes(8)), "header cannot be read"),
    "disagreement": (lambda d: header(d, {"a": entry(0, 8, [3])}, bytes(8)), "header cannot be read"),
    "odd dtype": (lambda d: header(d, {"a": entry(0, 8, [2], "X9")}, bytes(8)), "header cannot be read"),
    "no object": (lambda d: header(d, [1, 2]), "header cannot be read"),
    "deep": (lambda d: header(d, b"[" * 200_000), "header cannot be read"),
    "not UTF-8": (lambda d: header(d, b"{\xff}"), "header cannot be read"),
    "other shape": (
        change("bert.encoder.layer.1.output.dense.bias", lambda old: old[:-1].clone()),
        r"layer.1.output.dense.bias has the shape \(31,\), but config.json implies \(32,\)",
    ),
    "missing": (change("bert.encoder.layer.1.output.dense.bias", None), "lacks bert.encoder.layer.1.output.dense.bias"),
    "missing pooler": (change("bert.pooler.dense.bias", None), "lacks bert.pooler.dense.bias"),
    "integers": (change("bert.pooler.dense.bias", lambda old: old.long()), "dense.bias holds int64 numbers"),
    "too few layers": (lambda d: set_config(d, num_hidden_layers=10**9), "1000000000 layers, but .* weights of 2"),
    "too wide": (lambda d: set_config(d, hidden_size=10**9), rf"has the shape \({VOCABULARY}, 32\), but"),
    "far too wide": (lambda d: set_config(d, hidden_size=10**12), "larger than any computer"),
    "absurdly wide": (lambda d: set_config(d, hidden_size=4 * 10**30), "larger than any computer"),
    "more words than rows": (more_words, f"has {VOCABULARY + 1} entries, but config.json says {VOCABULARY}"),
    "code": (code, "could run code"),
    "code, old format": (lambda d: code(d, _use_new_zipfile_serialization=False), "could run code"),
    "code, plain pickle": (bare_code, "could run code"),
    "zip bomb": (bomb, "compressed"),
    "garbage": (garbage, "was not opened"),
    "broken zip": (broken_zip, "was not opened"),
    "stretched": (stretched, "bert.extra is larger than the file"),
    "claims more": (
        lambda d: rezip(d, zipfile.ZIP_STORED, lambda name, content: content[:4] if "/data/" in name else content),
        "larger than the file|was not opened",
    ),
    "a list": (lambda d: pickled(d, [torch.zeros(2)]), "no weights by name"),  # type: ignore[arg-type]
    "outside": (lambda d: index(d, {"a": "../other.safetensors"}), "'../other.safetensors', which lies outside"),
    "absolute": (lambda d: index(d, {"a": "/etc/passwd"}), "which lies outside"),
    "Windows": (lambda d: index(d, {"a": "..\\x"}), "which lies outside"),
    "missing shard": (lambda d: index(d, {"a": "model-00001.safetensors"}), "which is missing"),
    "up": (lambda d: index(d, {"a": ".."}), "which is missing"),
    "no map": (lambda d: index(d, [1]), "does not say"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_bad_checkpoint_is_refused_in_one_sentence(case: str, tmp_path: Path) -> None:
    spoil, message = HOSTILE[case]
    hugging_face(tmp_path, "BertForPreTraining")
    spoil(tmp_path)
    with pytest.raises(ValueError, match=message) as refusal:
        load(tmp_path)
    assert "\n" not in str(refusal.value)
    assert not (tmp_path / "marker").exists()


def test_places_without_a_model_are_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nowhere does not exist"):
        load(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="file is a file"):
        load(tmp_path / "file")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read everything")
def test_files_of_others_are_a_sentence(tmp_path: Path) -> None:
    shutil.copytree(STARTER, tmp_path / "starter")
    (tmp_path / "starter" / "model.safetensors").chmod(0)
    with pytest.raises(OSError, match=r"model.safetensors cannot be read: Permission denied\."):
        load(tmp_path / "starter")


@pytest.mark.parametrize("name", ["config.json", "vocab.txt", "model.safetensors"])
def test_a_refused_read_is_a_sentence(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    original = Path.open

    def refuse(self: Path, *arguments: Any, **more: Any) -> Any:
        if self.name == name:
            raise PermissionError(13, "Permission denied", str(self))
        return original(self, *arguments, **more)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(OSError, match=rf"{name} cannot be read: Permission denied\."):
        load(STARTER)
