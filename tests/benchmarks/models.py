"""The models that the benchmarks measure. Importing this loads no torch."""

from __future__ import annotations

from pathlib import Path

import model

STARTER = Path(__file__).parents[2] / "resources" / "models" / "starter"


def base() -> model.Bert:
    """A BERT-base of random weights, with the starter's pieces for words."""
    import torch

    from model.network import BertNetwork
    from model.wordpiece import WordPiece

    torch.manual_seed(0)
    return model.Bert("base", BertNetwork(model.BertConfig()), WordPiece.read(STARTER).padded(30_522))
