from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from model.config import BertConfig


def test_the_defaults_are_bert_base() -> None:
    from transformers import BertConfig as Theirs

    theirs = Theirs()
    for field in dataclasses.fields(BertConfig):
        assert getattr(BertConfig(), field.name) == getattr(theirs, field.name), field.name


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"hidden_size": 10, "num_attention_heads": 3}, "cannot be split evenly over 3 heads"),
        ({"hidden_size": 0}, "hidden_size must be a whole number of at least 1, not 0"),
        ({"hidden_size": "768"}, "hidden_size must be a whole number"),
        ({"num_hidden_layers": True}, "num_hidden_layers must be a whole number"),
        ({"hidden_act": "swish-42"}, "'swish-42' is not known"),
        ({"hidden_dropout_prob": 1.5}, "hidden_dropout_prob must be at least 0 and below 1"),
        ({"layer_norm_eps": float("nan")}, "layer_norm_eps must be positive"),
        ({"pad_token_id": 40_000}, "lies outside the vocabulary"),
        ({"is_decoder": "yes"}, "is_decoder must be true or false"),
        ({"model_type": "roberta"}, "This is a 'roberta' model"),
        ({"position_embedding_type": "relative_key"}, "'relative_key' is not supported"),
        ({"add_cross_attention": True}, "cross-attention"),
    ],
)
def test_a_config_that_is_no_berts_is_one_sentence(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        BertConfig.from_fields(fields)


def test_unknown_fields_are_left_aside_and_null_is_the_default() -> None:
    nulls = dict.fromkeys(("pad_token_id", "model_type", "position_embedding_type"))
    config = BertConfig.from_fields({"hidden_size": 96, "gradient_checkpointing": True, **nulls})
    assert (config.hidden_size, config.pad_token_id, config.head_size) == (96, 0, 8)


@pytest.mark.parametrize("text", ["", "{", "[1]", "\xff", "[" * 100_000])
def test_a_file_that_holds_no_object_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ValueError, match=r"config\.json"):
        BertConfig.read(path)


def test_fields_written_are_fields_read() -> None:
    config = BertConfig(vocab_size=99, hidden_size=8, num_attention_heads=2)
    assert BertConfig.from_fields(config.to_fields()) == config
