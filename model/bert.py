"""A BERT that can be asked: network, tokenizer and name."""

from __future__ import annotations

import dataclasses
import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from model import inputs
from model.config import BertConfig
from model.network import BertNetwork, Record, Switches, attention_bias
from model.scenario import Direction, Scenario
from model.trace import EmbeddingsTrace, Floats, Trace
from model.wordpiece import WordPiece

Back = Callable[[], Floats]
"""The second half of a pass, from an output back to its slope (B, T, D); may be run once, or not at all."""


@dataclass(eq=False)
class Bert:
    """A network with its tokenizer. Immutable by convention: nothing here changes a weight."""

    name: str
    network: BertNetwork
    tokenizer: WordPiece
    origin: Path | None = None  # the directory that it was read from
    task_heads: dict[str, Tensor] = field(default_factory=dict)  # weights not used here, kept to be saved again
    notes: tuple[str, ...] = ()  # what there is to know about the checkpoint, a sentence each
    trained_length: int | None = None  # positions from here on were never trained; None where nothing is known

    def __post_init__(self) -> None:
        self.network.eval()
        if len(self.tokenizer.tokens) > self.config.vocab_size:
            entries, rows = len(self.tokenizer.tokens), self.config.vocab_size
            raise ValueError(f"The vocabulary has {entries} entries, but the model embeds only {rows}.")

    @property
    def config(self) -> BertConfig:
        return self.network.config

    @property
    def direction(self) -> Direction:
        """The way of attending that the model was trained with (C5)."""
        return "left-to-right" if self.config.is_decoder else "both"

    @property
    def has_mlm(self) -> bool:
        """Whether there is a head that predicts tokens."""
        return self.network.cls.predictions is not None

    @property
    def has_nsp(self) -> bool:
        """Whether there is a head that predicts the next sentence."""
        return self.network.cls.seq_relationship is not None and not self.config.is_decoder

    @property
    def parameters(self) -> int:
        """The number of weights, a tied decoder counted once."""
        return sum(parameter.numel() for parameter in self.network.parameters())

    @cached_property
    def fingerprint(self) -> str:
        """Tells models apart: a hash over configuration, tokenizer, and evenly spread weights of every tensor."""
        digest = hashlib.sha256("\n".join(self.tokenizer.tokens).encode("utf-8", "surrogatepass"))
        digest.update(f"{self.config}{self.tokenizer.settings}".encode("utf-8", "surrogatepass"))
        for name, tensor in self.network.state_dict().items():
            values = tensor.detach().flatten()
            sample = values[:: max(1, len(values) // 4_096)].float().cpu().contiguous().numpy()
            digest.update(f"{name}{tuple(tensor.shape)}".encode() + sample.tobytes())
        return digest.hexdigest()[:16]

    @torch.inference_mode()
    def trace(self, scenario: Scenario) -> Trace:
        """Every number of one forward pass.

        Raises ``ValueError`` with a sentence where the scenario cannot be asked: an empty first text, a position,
        piece, layer or head that is not there.
        """
        started = time.perf_counter()
        rows = inputs.build(self.tokenizer, self.config, scenario)
        switches = self._switches(scenario)
        direction = scenario.direction or self.direction
        record = Record.allocate(self.config, len(rows))

        embed = self.network.bert.embeddings
        ids, segments = torch.tensor(rows.input_ids)[None], torch.tensor(rows.segments)[None]
        token, segment, position = embed.addends(ids, segments)
        total = token + segment + position
        output = embed.LayerNorm(total)
        bias = attention_bias(None, len(rows), left_to_right=direction == "left-to-right")
        hidden = self.network.bert.encoder(output, bias, switches, record)
        pooler = self.network.bert.pooler

        return Trace(
            model=self.name,
            fingerprint=self.fingerprint,
            scenario=scenario,
            direction=direction,
            inputs=rows,
            embeddings=EmbeddingsTrace(
                token=_frozen(token[0]),
                segment=_frozen(segment[0]),
                position=_frozen(position.clone()),  # a view of the weights until here
                sum=_frozen(total[0]),
                output=_frozen(output[0]),
            ),
            hidden=_frozen(record.hidden),
            query=_frozen(record.query),
            key=_frozen(record.key),
            value=_frozen(record.value),
            attention=_frozen(record.attention),
            pooled=None if pooler is None else _frozen(pooler(hidden)[0]),
            seconds=time.perf_counter() - started,
        )

    def rewrite(self, scenario: Scenario, first: str, second: str) -> tuple[Trace, int]:
        """The trace of ``scenario`` with other texts, edits moved with their tokens, and how many edits are gone."""
        changed = dataclasses.replace(scenario, first=first, second=second)
        if (first, second) == (scenario.first, scenario.second) or not scenario.is_edited:
            return self.trace(changed), 0
        bare = dataclasses.replace(changed, edits=(), flips=frozenset())
        there = inputs.build(self.tokenizer, self.config, bare)
        here = inputs.build(self.tokenizer, self.config, dataclasses.replace(scenario, edits=(), flips=frozenset()))
        moved = changed.moved(inputs.align(here, there).get)
        lost = len(scenario.edits) + len(scenario.flips) - len(moved.edits) - len(moved.flips)
        return self.trace(moved), lost

    def swapped(self, scenario: Scenario) -> Scenario:
        """``scenario`` with its texts in the other order and its edits with their tokens."""
        bare = dataclasses.replace(scenario, edits=(), flips=frozenset())
        turned = bare.swapped()
        if not scenario.is_edited:
            return turned
        here, there = (inputs.build(self.tokenizer, self.config, asked) for asked in (bare, turned))
        moved = {0: 0}
        for old, new in ((None, None), (0, 1), (1, 0)):
            places = [[place for place, text in enumerate(rows.texts) if text == source]
                      for rows, source in ((here, old), (there, new))]  # fmt: skip
            moved.update(zip(*places, strict=False))
        changed = dataclasses.replace(turned, edits=scenario.edits, flips=scenario.flips)
        return changed.moved(moved.get)

    def adopt(self, scenario: Scenario, former: Bert) -> Scenario:
        """What remains of a question to ``former`` when it is put to this model.

        Edits stay on their characters, on every piece that these are split into here. Those go that another length
        cuts, that stand on a part of a piece, or whose piece this vocabulary lacks; one segment only drops the flips,
        another number of layers or heads what was switched off.
        """
        mine, its = self.config, former.config
        alike = self.tokenizer.tokens == former.tokenizer.tokens
        if scenario.is_edited and not (alike and mine.max_position_embeddings == its.max_position_embeddings):
            bare = dataclasses.replace(scenario, edits=(), flips=frozenset())
            here, there = (inputs.build(bert.tokenizer, bert.config, bare) for bert in (former, self))
            scenario = self._carried(scenario, inputs.carry(here, there))
        if mine.type_vocab_size < its.type_vocab_size:
            scenario = dataclasses.replace(scenario, flips=frozenset())
        if (mine.num_hidden_layers, mine.num_attention_heads) != (its.num_hidden_layers, its.num_attention_heads):
            scenario = dataclasses.replace(scenario, heads_off=frozenset(), layers_off=frozenset())
        return scenario if scenario.direction == self.direction else scenario.attend(None)

    def _carried(self, scenario: Scenario, moved: dict[int, tuple[int, ...]]) -> Scenario:
        """``scenario`` with each edit and flip on the positions that its own has become."""
        edits = [
            dataclasses.replace(edit, position=position)
            for edit in scenario.edits
            for position in moved.get(edit.position, ())
            if edit.piece is None or (len(moved[edit.position]) == 1 and edit.piece in self.tokenizer.tokens)
        ]
        flips = frozenset(position for flip in scenario.flips for position in moved.get(flip, ()))
        return dataclasses.replace(scenario, edits=tuple(sorted(edits)), flips=flips)

    def hidden(self, trace: Trace, input_ids: inputs.Integers, segments: inputs.Integers) -> Floats:
        """The last hidden states (B, T, D) of other rows (B, T), with the direction and the switches of ``trace``."""
        self.require(trace)
        return self._hidden(input_ids, segments, trace.direction, self._switches(trace.scenario))

    def hidden_untouched(self, trace: Trace) -> Floats:
        """The last hidden states (T, D) of the same rows with all heads and layers on, in the model's own direction."""
        self.require(trace)
        return self._hidden(trace.input_ids[None], trace.segments[None], self.direction, Switches())[0]

    @torch.inference_mode()
    def hidden_without(self, trace: Trace, heads: Sequence[tuple[int, int]]) -> Floats:
        """The last hidden states (B, T, D) of the same rows, in each one of the B ``heads`` (layer, head) off, too.

        What the layers below them do stays as it is in the trace, and is not computed again.
        """
        self.require(trace)
        first = min(layer for layer, _ in heads)
        switches = dataclasses.replace(self._switches(trace.scenario), in_turn=tuple(heads))
        bias = attention_bias(None, len(trace.tokens), left_to_right=trace.direction == "left-to-right")
        read = torch.tensor(trace.hidden[first]).expand(len(heads), -1, -1)
        return self.network.bert.encoder(read, bias, switches, first=first).numpy()

    def next_sentence_slopes(self, trace: Trace, sums: Floats) -> tuple[Floats, Back]:
        """How far IsNext is above NotNext in logits (B,), and the way back to its slope in ``sums`` (B, T, D).

        ``sums`` are embeddings before their LayerNorm. ``ValueError`` without the head.
        """
        self.require(trace)
        pooler, head = self.network.bert.pooler, self.network.cls.seq_relationship
        if pooler is None or head is None:
            raise ValueError(f"{self.name} has no next-sentence head: it cannot say whether B follows A.")

        def above(hidden: Tensor) -> Tensor:
            logits = head(pooler(hidden))
            return logits[:, 0] - logits[:, 1]

        return self._slopes(trace, sums, above)

    def token_slopes(self, trace: Trace, sums: Floats, position: int, entry: int) -> tuple[Floats, Back]:
        """ln p (B,) of a vocabulary ``entry`` at ``position``, and the way back to its slope in ``sums`` (B, T, D).

        ``sums`` are embeddings before their LayerNorm. ``ValueError`` without the head.
        """
        self.require(trace)
        head = self.network.cls.predictions
        if head is None:
            raise ValueError(f"{self.name} has no masked-LM head: it cannot predict tokens.")
        entries = len(self.tokenizer.tokens)
        return self._slopes(
            trace, sums, lambda hidden: head(hidden[:, position])[:, :entries].log_softmax(dim=-1)[:, entry]
        )

    def _slopes(self, trace: Trace, sums: Floats, output: Callable[[Tensor], Tensor]) -> tuple[Floats, Back]:
        """What ``output`` makes of the last hidden states, and the way back to its slope in the ``sums`` below them."""
        with torch.enable_grad():
            start = torch.tensor(sums, requires_grad=True)
            embedded = self.network.bert.embeddings.LayerNorm(start)
            bias = attention_bias(None, start.shape[1], left_to_right=trace.direction == "left-to-right")
            values = output(self.network.bert.encoder(embedded, bias, self._switches(trace.scenario)))
        return values.detach().numpy(), lambda: torch.autograd.grad(values.sum(), start)[0].numpy()

    @torch.inference_mode()
    def mlm_logits(self, hidden: Floats) -> Floats:
        """(N, V) scores of every vocabulary entry for N last hidden states (N, D); ``ValueError`` without the head."""
        head = self.network.cls.predictions
        if head is None:
            raise ValueError(f"{self.name} has no masked-LM head: it cannot predict tokens.")
        return head(torch.tensor(hidden)).numpy()

    @torch.inference_mode()
    def pooled(self, hidden: Floats) -> Floats:
        """(B, D) tanh at [CLS] of last hidden states (B, T, D); ``ValueError`` without the pooler."""
        pooler = self.network.bert.pooler
        if pooler is None:
            raise ValueError(f"{self.name} has no pooler: it makes no vector of a whole input.")
        return pooler(torch.tensor(hidden[:, :1])).numpy()

    def nsp_weights(self) -> tuple[Floats, Floats]:
        """The NSP head's weight (2, D) and bias (2,); ``ValueError`` without the head."""
        head = self.network.cls.seq_relationship
        if head is None:
            raise ValueError(f"{self.name} has no next-sentence head: it cannot say whether B follows A.")
        return head.weight.detach().numpy(), head.bias.detach().numpy()

    def token_embeddings(self) -> Floats:
        """(V, D) the token embedding table."""
        return self.network.bert.embeddings.word_embeddings.weight.detach().numpy()

    def position_embeddings(self) -> Floats:
        """(P, D) the position embedding table, P the longest input."""
        return self.network.bert.embeddings.position_embeddings.weight.detach().numpy()

    def require(self, trace: Trace) -> None:
        """Raises ``ValueError`` where ``trace`` is another model's."""
        if trace.fingerprint != self.fingerprint:
            raise ValueError(f"This trace was made by {trace.model}, not by {self.name}.")

    @torch.inference_mode()
    def _hidden(
        self, input_ids: inputs.Integers, segments: inputs.Integers, direction: Direction, switches: Switches
    ) -> Floats:
        ids = torch.tensor(input_ids)
        bias = attention_bias(None, ids.shape[1], left_to_right=direction == "left-to-right")
        embedded = self.network.bert.embeddings(ids, torch.tensor(segments))
        return self.network.bert.encoder(embedded, bias, switches).numpy()

    def _switches(self, scenario: Scenario) -> Switches:
        layers, heads = self.config.num_hidden_layers, self.config.num_attention_heads
        for layer in scenario.layers_off | {layer for layer, _ in scenario.heads_off}:
            if layer >= layers:
                raise ValueError(f"Layer {layer} is not there: {self.name} has layers 0 to {layers - 1}.")
        for _, head in scenario.heads_off:
            if head >= heads:
                raise ValueError(f"Head {head} is not there: {self.name} has heads 0 to {heads - 1} in each layer.")
        return Switches(scenario.heads_off, scenario.layers_off)


def _frozen(tensor: Tensor) -> Floats:
    array = np.ascontiguousarray(tensor.numpy())
    array.flags.writeable = False
    return array
