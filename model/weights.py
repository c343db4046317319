"""The weight files of a Hugging Face directory: what is in them, checked before anything is allocated or run."""

from __future__ import annotations

import functools
import json
import math
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from model.config import read_json_object

_LONGEST_HEADER = 100_000_000  # bytes, the limit of the safetensors library itself
_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
_FOREIGN = {
    "*.h5": "TensorFlow",
    "*.ckpt*": "TensorFlow",
    "*.msgpack": "Flax",
    "*.onnx": "ONNX",
    "onnx": "ONNX",
    "*.gguf": "GGUF",
    "*.ot": "Rust",
}


@dataclass(frozen=True)
class Stored:
    """One tensor of a file: described by now, in memory only after ``read``."""

    shape: tuple[int, ...]
    dtype: torch.dtype
    read: Callable[[], Tensor]  # ValueError or OSError where the file changed meanwhile


def find_weights(directory: Path) -> dict[str, Stored]:
    """Every tensor of the model in ``directory``, by its key in the files.

    The files are looked for in the order in which ``transformers`` does. ``ValueError`` with one sentence where there
    are none, or where what is there is damaged, outside the directory, or more than weights.
    """
    for name in ("model.safetensors", "pytorch_model.bin"):
        if (path := directory / name).is_file():
            return _read_file(path)
        if (path := directory / f"{name}.index.json").is_file():
            return _read_shards(path)
    for pattern, kind in _FOREIGN.items():
        for path in sorted(directory.glob(pattern)):
            raise ValueError(
                f"{directory} holds {kind} weights only ({path.name}): get the model's model.safetensors, "
                "or convert them with transformers."
            )
    raise ValueError(f"{directory} holds no weights: there is neither a model.safetensors nor a pytorch_model.bin.")


def _read_shards(index: Path) -> dict[str, Stored]:
    places = read_json_object(index).get("weight_map")
    if not isinstance(places, dict) or not all(isinstance(name, str) for name in places.values()):
        raise ValueError(f"{index.name} does not say which weights lie in which file: download it again.")
    found: dict[str, Stored] = {}
    for name in sorted(set(places.values())):
        if Path(name).name != name or "\\" in name or ":" in name:
            raise ValueError(f"{index.name} names {name!r}, which lies outside the model's folder.")
        if not (index.parent / name).is_file():
            raise ValueError(f"{index.name} names {name!r}, which is missing: download it too.")
        found.update(_read_file(index.parent / name))
    return found


def _read_file(path: Path) -> dict[str, Stored]:
    with path.open("rb") as file:
        start = file.read(8)
    if start == b"version ":
        raise ValueError(f"{path.name} is a placeholder of Git LFS: run `git lfs pull` to get the weights themselves.")
    return _safetensors(path) if path.suffix == ".safetensors" else _pickled(path)


def _safetensors(path: Path) -> dict[str, Stored]:
    """The tensors that the header of a safetensors file describes, each within the file and none over another."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(size - 8, _LONGEST_HEADER):
            raise _damaged(path, f"its header claims {length} bytes of {size}")
        start = 8 + length
        try:
            header = json.loads(file.read(length))
            places = {key: _place(path, start, entry) for key, entry in dict(header).items() if key != "__metadata__"}
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise _damaged(path, "its header cannot be read") from error
    end = start
    for first, last, key in sorted((first, last, key) for key, (first, last, _) in places.items()):
        if first < end:
            raise _damaged(path, f"{key} lies over another tensor")
        if last > size:
            raise _damaged(path, f"{key} ends at byte {last} of {size}")
        end = last
    return {key: stored for key, (_, _, stored) in places.items()}


def _place(path: Path, start: int, entry: dict[str, Any]) -> tuple[int, int, Stored]:
    """First byte, last byte + 1 and description of one header entry; any error means that it makes no sense."""
    dtype, shape, (first, last) = _DTYPES[entry["dtype"]], tuple(entry["shape"]), entry["data_offsets"]
    if not all(type(number) is int and 0 <= number < 2**62 for number in (*shape, first, last)) or len(shape) > 8:
        raise ValueError("sizes and offsets are whole numbers")
    if last - first != math.prod(shape) * dtype.itemsize:
        raise ValueError("shape and offsets disagree")
    return start + first, start + last, Stored(shape, dtype, lambda: _read_tensor(path, start + first, dtype, shape))


def _read_tensor(path: Path, place: int, dtype: torch.dtype, shape: tuple[int, ...]) -> Tensor:
    """Read into fresh memory. A mapping would end in a bus error if the file were cut short while it is in use."""
    tensor = torch.empty(shape, dtype=dtype)
    if tensor.numel():
        with path.open("rb") as file:
            file.seek(place)
            if file.readinto(tensor.view(-1).view(torch.uint8).numpy().data) != tensor.nbytes:
                raise _damaged(path, "it became shorter while it was read")
    return tensor


def _pickled(path: Path) -> dict[str, Stored]:
    """The tensors of a ``pytorch_model.bin``, first only described: on the meta device nothing is allocated."""
    size = path.stat().st_size
    if zipfile.is_zipfile(path):
        _require_stored(path, size)
    described = _unpickle(path, device="meta")
    contents = functools.cache(lambda: _unpickle(path, device="cpu"))

    def read(key: str) -> Tensor:
        tensor: Tensor = contents()[key]
        return tensor.detach().contiguous()

    found = {}
    for key, tensor in described.items():
        if not isinstance(key, str) or not isinstance(tensor, Tensor):
            continue  # a training script's step counter and the like
        if tensor.layout != torch.strided or tensor.is_quantized:
            raise ValueError(f"{key} in {path.name} is sparse or quantized, which BERT Explorer does not read.")
        if max(tensor.nbytes, tensor.untyped_storage().nbytes()) > size:
            raise _damaged(path, f"{key} is larger than the file")
        found[key] = Stored(tuple(tensor.shape), tensor.dtype, functools.partial(read, key))
    return found


def _require_stored(path: Path, size: int) -> None:
    """A torch file is a zip without compression; one with it could unpack to any size."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise _damaged(path, "its directory cannot be read") from error
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise _damaged(path, "it is compressed, which torch never does")
    if sum(entry.file_size for entry in entries) > size:
        raise _damaged(path, "it claims more bytes than it has")


def _unpickle(path: Path, *, device: str) -> dict[Any, Any]:
    """What ``torch.load`` finds when it may only build tensors, not run code."""
    try:
        with warnings.catch_warnings(
            action="ignore"
        ):  # what torch finds strange ends in a sentence, or does not matter
            contents = torch.load(path, map_location=device, weights_only=True)
    except OSError:
        raise
    except Exception as error:  # the parser raises whatever it stumbles on
        raise ValueError(
            f"{path.name} is damaged, or holds more than weights and could run code, so it was not opened: "
            "use the model's model.safetensors."
        ) from error
    if not isinstance(contents, dict):
        raise ValueError(f"{path.name} holds no weights by name: use the model's model.safetensors.")
    return contents


def _damaged(path: Path, why: str) -> ValueError:
    return ValueError(f"{path.name} is damaged ({why}): download it again.")
