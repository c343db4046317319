"""What a BERT consists of, against transformers' own modules."""

import pytest
from transformers import BertConfig as TheirConfig
from transformers import BertForPreTraining

import model
from model import card
from model.network import BertNetwork
from model.wordpiece import WordPiece

SIZES = {
    "vocab_size": 300, "hidden_size": 24, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 40,
    "max_position_embeddings": 32,
}  # fmt: skip


def test_parts_are_counted_as_transformers_counts_its_modules(starter: "model.Bert") -> None:
    ours = model.Bert("small", BertNetwork(model.BertConfig(**SIZES)), WordPiece(starter.tokenizer.tokens[:300]))
    theirs = BertForPreTraining(TheirConfig(**SIZES))
    layer = theirs.bert.encoder.layer[0]
    modules = {
        "token": theirs.bert.embeddings.word_embeddings,
        "segment": theirs.bert.embeddings.token_type_embeddings,
        "position": theirs.bert.embeddings.position_embeddings,
        "embedding norm": theirs.bert.embeddings.LayerNorm,
        "attention": layer.attention,
        "pooler": theirs.bert.pooler,
        "nsp": theirs.cls.seq_relationship,
        "mlm": theirs.cls.predictions.transform,
    }
    expected = {name: sum(weight.numel() for weight in module.parameters()) for name, module in modules.items()}
    expected["feed-forward"] = sum(w.numel() for part in (layer.intermediate, layer.output) for w in part.parameters())
    expected["decoder"] = 300  # its bias: the weight is the token embedding
    parts = card.parts(ours)
    assert {part.name: part.parameters for part in parts} == expected
    assert sum(part.parameters * part.count for part in parts) == theirs.num_parameters()
    assert {part.name: part.count for part in parts if part.count > 1} == {"attention": 3, "feed-forward": 3}


@pytest.mark.parametrize("missing", ["mlm", "nsp"])
def test_a_head_that_is_not_there_is_no_part(starter: "model.Bert", missing: str) -> None:
    network = BertNetwork(model.BertConfig(**SIZES), **{missing: False})
    names = {part.name for part in card.parts(model.Bert("small", network, WordPiece(starter.tokenizer.tokens[:300])))}
    assert names.isdisjoint({"mlm", "decoder"} if missing == "mlm" else {"nsp"})
