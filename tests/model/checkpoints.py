"""Checkpoints with random weights, written by ``transformers``: the second implementation that ours is held against."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch
import transformers

STARTER = Path("resources/models/starter")
VOCABULARY = (STARTER / "vocab.txt").read_text("utf-8").count("\n")  # which every checkpoint here is given


def hugging_face(directory: Path, architecture: str, **overrides: Any) -> Any:
    """The ``transformers`` model of that ``architecture``, in evaluation mode, which now also lies in ``directory``.

    Its weights are drawn wide enough for every part to matter in the output, biases and LayerNorms included.
    """
    sizes = {
        "vocab_size": VOCABULARY,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "max_position_embeddings": 64,
    }
    torch.manual_seed(0)
    theirs = getattr(transformers, architecture)(transformers.BertConfig(**{**sizes, **overrides})).eval()
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.1)
    theirs.save_pretrained(directory)
    for name in ("vocab.txt", "tokenizer_config.json"):
        shutil.copy(STARTER / name, directory)
    return theirs
