"""A recorded pass of a BERT-base-sized network against ``transformers``' BertModel, eager, that gives back the same.

Both have the same weights and threads, take turns, and are compared by the median of their ratios. Ours includes
tokenising and records query, key and value as well.
"""

from __future__ import annotations

from typing import Any

import torch

import model
from tests.benchmarks import models
from tests.benchmarks.timing import compare

ROUNDS = {16: 40, 128: 20, 512: 10}


def main() -> None:
    from transformers import BertConfig, BertModel

    bert = models.base()
    theirs = BertModel(BertConfig(), add_pooling_layer=True)
    theirs.load_state_dict(bert.network.bert.state_dict())
    theirs.set_attn_implementation("eager")
    theirs.eval()

    print(f"{torch.get_num_threads()} threads; times in ms, medians of interleaved rounds")
    for tokens, rounds in ROUNDS.items():
        question = model.Scenario("dog " * (tokens - 2))
        trace = bert.trace(question)
        assert len(trace.tokens) == tokens
        ids, segments = torch.tensor(trace.input_ids)[None], torch.tensor(trace.segments)[None]

        def ask_ours(question: model.Scenario = question) -> Any:
            return bert.trace(question)

        @torch.inference_mode()
        def ask_theirs(ids: torch.Tensor = ids, segments: torch.Tensor = segments) -> Any:
            return theirs(input_ids=ids, token_type_ids=segments, output_attentions=True, output_hidden_states=True)

        ours, peers, ratio = compare(ask_ours, ask_theirs, rounds)
        print(f"{tokens:4} tokens: ours {ours * 1e3:8.1f}  transformers {peers * 1e3:8.1f}  ratio {ratio:.3f}")
