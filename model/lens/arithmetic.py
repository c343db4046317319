"""How a number came about: any number of a trace, written out with its operands, down to the learnt weights.

``explain`` gives one step; each operand of it has a ``Place`` of its own and can be explained in turn. Steps are
computed in double precision from the trace's own float32 numbers, so that a step agrees with what the network computed
to float32 accuracy (C7, C12, C14, C16).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from model.lens.steps import ACTIVATIONS, Doubles, Operation, Place, Stage, Step, Term, normed
from model.trace import Trace

if TYPE_CHECKING:
    from model.bert import Bert

EMBEDDINGS, ENCODER, MLM = "bert.embeddings", "bert.encoder.layer", "cls.predictions"


def explain(bert: Bert, trace: Trace, place: Place) -> Step:
    """The last step on the way to the number at ``place``.

    ``ValueError`` where ``trace`` is another model's, or there is no such number: an index that is not there, a head
    that the model lacks.
    """
    bert.require(trace)
    try:
        if min(place.layer, place.head, place.row, place.column) < 0:
            raise IndexError
        return _STEPS[place.stage](_Numbers(bert, trace), place)
    except (IndexError, AttributeError) as error:
        raise ValueError(f"{bert.name} computes no such number here: {place.stage.value}.") from error


def matrix(bert: Bert, step: Step) -> NDArray[np.float32] | None:
    """The whole matrix (R, C) whose row the first term of ``step`` is; None where it is no row of one."""
    if step.operation is not Operation.DOT or step.terms[0].first.stage is not Stage.WEIGHT:
        return None
    whole: NDArray[np.float32] = bert.network.get_parameter(step.terms[0].first.name).detach().numpy()
    return whole


class _Numbers:
    """The numbers of a trace, and those that it does not keep, a row at a time, in double precision."""

    def __init__(self, bert: Bert, trace: Trace) -> None:
        self.bert, self.trace, self.config = bert, trace, bert.config

    def weight(self, name: str) -> NDArray[np.float32]:
        """A parameter by its key in a checkpoint."""
        parameter: NDArray[np.float32] = self.bert.network.get_parameter(name).detach().numpy()
        return parameter

    def linear(self, name: str, inputs: Doubles) -> Doubles:
        """W · inputs + b (…) of the projection ``name``."""
        projected: Doubles = self.weight(f"{name}.weight").astype(np.float64) @ inputs
        return projected + self.weight(f"{name}.bias")

    def norm(self, name: str, inputs: Doubles) -> Doubles:
        """The LayerNorm ``name`` of ``inputs`` (D,)."""
        return normed(inputs, self.config.layer_norm_eps) * self.weight(f"{name}.weight") + self.weight(f"{name}.bias")

    def activate(self, inputs: Doubles) -> Doubles:
        return ACTIVATIONS[self.config.hidden_act](inputs)

    def hidden(self, layer: int, row: int) -> Doubles:
        return self.trace.hidden[layer, row].astype(np.float64)

    def context(self, layer: int, row: int) -> Doubles:
        """(D,) the weighted values of all heads, joined; 0 where a head is off."""
        weights, values = self.trace.attention[layer, :, row].astype(np.float64), self.trace.value[layer]
        heads = np.einsum("ht,htk->hk", weights, values)
        heads[[head for place, head in self.trace.scenario.heads_off if place == layer]] = 0.0
        return heads.reshape(-1)

    def projected(self, layer: int, row: int) -> Doubles:
        return self.linear(f"{ENCODER}.{layer}.attention.output.dense", self.context(layer, row))

    def attended_sum(self, layer: int, row: int) -> Doubles:
        return self.projected(layer, row) + self.hidden(layer, row)

    def attended(self, layer: int, row: int) -> Doubles:
        return self.norm(f"{ENCODER}.{layer}.attention.output.LayerNorm", self.attended_sum(layer, row))

    def inner(self, layer: int, row: int) -> Doubles:
        return self.linear(f"{ENCODER}.{layer}.intermediate.dense", self.attended(layer, row))

    def activated(self, layer: int, row: int) -> Doubles:
        return self.activate(self.inner(layer, row))

    def fed_forward(self, layer: int, row: int) -> Doubles:
        return self.linear(f"{ENCODER}.{layer}.output.dense", self.activated(layer, row))

    def fed_forward_sum(self, layer: int, row: int) -> Doubles:
        return self.fed_forward(layer, row) + self.attended(layer, row)

    def pooled_sum(self) -> Doubles:
        return self.linear("bert.pooler.dense", self.hidden(self.config.num_hidden_layers, 0))

    def pooled(self) -> Doubles:
        if self.trace.pooled is None:
            raise IndexError
        return self.trace.pooled.astype(np.float64)

    def nsp_logits(self) -> Doubles:
        return self.linear("cls.seq_relationship", self.pooled())

    def mlm_inner(self, layer: int, row: int) -> Doubles:
        return self.linear(f"{MLM}.transform.dense", self.hidden(layer, row))

    def mlm_activated(self, layer: int, row: int) -> Doubles:
        return self.activate(self.mlm_inner(layer, row))

    def mlm_transformed(self, layer: int, row: int) -> Doubles:
        return self.norm(f"{MLM}.transform.LayerNorm", self.mlm_activated(layer, row))

    def mlm_logits(self, layer: int, row: int) -> Doubles:
        return self.linear(f"{MLM}.decoder", self.mlm_transformed(layer, row))[: len(self.bert.tokenizer.tokens)]


# What the steps are made of


def _one(value: float, place: Place) -> Term:
    return Term(np.array([value], np.float64), place)


def _weights(of: _Numbers, name: str, row: int) -> Term:
    """A row of a matrix."""
    return Term(of.weight(name)[row].astype(np.float64), Place(Stage.WEIGHT, row=row, name=name))


def _weight(of: _Numbers, name: str, column: int) -> Term:
    """A number of a vector."""
    return _one(float(of.weight(name)[column]), Place(Stage.WEIGHT, column=column, name=name))


def _projection(of: _Numbers, place: Place, name: str, row: int, value: float | None, inputs: Term) -> Step:
    """Row ``row`` of the projection ``name``: a dot product and a bias; its value where the trace has none."""
    terms = (_weights(of, f"{name}.weight", row), inputs, _weight(of, f"{name}.bias", row))
    step = Step(place, Operation.DOT, value or 0.0, terms)
    return step if value is not None else dataclasses.replace(step, value=step.recomputed())


def _layer_norm(of: _Numbers, place: Place, name: str, value: float | None, inputs: Term) -> Step:
    column = place.column
    terms = (inputs, _weight(of, f"{name}.weight", column), _weight(of, f"{name}.bias", column))
    step = Step(place, Operation.LAYER_NORM, value or 0.0, terms, column, of.config.layer_norm_eps)
    return step if value is not None else dataclasses.replace(step, value=step.recomputed())


def _row(place: Place, stage: Stage, values: Doubles, layer: int | None = None) -> Term:
    """All columns of the row of ``place`` at another stage, perhaps of another layer."""
    return Term(values, Place(stage, place.layer if layer is None else layer, row=place.row))


# A step for each stage


def _learnt(of: _Numbers, place: Place) -> Step:
    array = of.weight(place.name)
    value = array[place.row, place.column] if array.ndim == 2 else array[place.column]
    return Step(place, Operation.LEARNT, float(value))


def _token(of: _Numbers, place: Place) -> Step:
    entry = int(of.trace.input_ids[place.row])
    return _looked_up(of, place, f"{EMBEDDINGS}.word_embeddings.weight", entry)


def _segment(of: _Numbers, place: Place) -> Step:
    entry = int(of.trace.segments[place.row])
    return _looked_up(of, place, f"{EMBEDDINGS}.token_type_embeddings.weight", entry)


def _position(of: _Numbers, place: Place) -> Step:
    entry = int(of.trace.positions[place.row])
    return _looked_up(of, place, f"{EMBEDDINGS}.position_embeddings.weight", entry)


def _looked_up(of: _Numbers, place: Place, name: str, entry: int) -> Step:
    weight = Place(Stage.WEIGHT, row=entry, column=place.column, name=name)
    value = float(of.weight(name)[entry, place.column])
    return Step(place, Operation.SAME, value, (_one(value, weight),))


def _embedded_sum(of: _Numbers, place: Place) -> Step:
    parts = of.trace.embeddings
    terms = tuple(
        _one(float(array[place.row, place.column]), dataclasses.replace(place, stage=stage))
        for stage, array in (
            (Stage.TOKEN, parts.token),
            (Stage.SEGMENT, parts.segment),
            (Stage.POSITION, parts.position),
        )
    )
    return Step(place, Operation.SUM, float(parts.sum[place.row, place.column]), terms)


def _hidden(of: _Numbers, place: Place) -> Step:
    value = float(of.trace.hidden[place.layer, place.row, place.column])
    if place.layer == 0:
        inputs = _row(place, Stage.EMBEDDED_SUM, of.trace.embeddings.sum[place.row].astype(np.float64))
        return _layer_norm(of, place, f"{EMBEDDINGS}.LayerNorm", value, inputs)
    layer = place.layer - 1
    if layer in of.trace.scenario.layers_off:
        before = dataclasses.replace(place, layer=layer)
        return Step(place, Operation.SAME, value, (_one(float(of.hidden(layer, place.row)[place.column]), before),))
    inputs = _row(place, Stage.FED_FORWARD_SUM, of.fed_forward_sum(layer, place.row), layer)
    return _layer_norm(of, place, f"{ENCODER}.{layer}.output.LayerNorm", value, inputs)


def _split(which: Literal["query", "key", "value"]) -> Callable[[_Numbers, Place], Step]:
    def step(of: _Numbers, place: Place) -> Step:
        value = float(getattr(of.trace, which)[place.layer, place.head, place.row, place.column])
        inputs = _row(place, Stage.HIDDEN, of.hidden(place.layer, place.row))
        row = place.head * of.config.head_size + place.column
        return _projection(of, place, f"{ENCODER}.{place.layer}.attention.self.{which}", row, value, inputs)

    return step


def _score(of: _Numbers, place: Place) -> Step:
    head = place.layer, place.head
    terms = tuple(
        Term(array[head][row].astype(np.float64), Place(stage, *head, row=row))
        for stage, array, row in (
            (Stage.QUERY, of.trace.query, place.row),
            (Stage.KEY, of.trace.key, place.column),
        )
    )
    step = Step(place, Operation.SCALED_DOT, 0.0, terms)
    return dataclasses.replace(step, value=step.recomputed())


def _attention(of: _Numbers, place: Place) -> Step:
    head = place.layer, place.head
    value = float(of.trace.attention[head][place.row, place.column])
    seen = place.row + 1 if of.trace.direction == "left-to-right" else len(of.trace.tokens)
    if place.column >= seen:
        return Step(place, Operation.OFF, value)
    query, keys = of.trace.query[head][place.row].astype(np.float64), of.trace.key[head][:seen].astype(np.float64)
    scores = Term(keys @ query / math.sqrt(len(query)), Place(Stage.SCORE, *head, row=place.row))
    return Step(place, Operation.SOFTMAX, value, (scores,), place.column)


def _context(of: _Numbers, place: Place) -> Step:
    head = place.layer, place.head
    if head in of.trace.scenario.heads_off:
        return Step(place, Operation.OFF, 0.0)
    weights = Term(of.trace.attention[head][place.row].astype(np.float64), Place(Stage.ATTENTION, *head, row=place.row))
    column = of.trace.value[head][:, place.column].astype(np.float64)
    values = Term(column, Place(Stage.VALUE, *head, column=place.column), "row")
    step = Step(place, Operation.DOT, 0.0, (weights, values))
    return dataclasses.replace(step, value=step.recomputed())


def _projected(of: _Numbers, place: Place) -> Step:
    joined = of.context(place.layer, place.row)
    inputs = Term(joined, Place(Stage.CONTEXT, place.layer, row=place.row), "head", of.config.head_size)
    name = f"{ENCODER}.{place.layer}.attention.output.dense"
    return _projection(of, place, name, place.column, None, inputs)


def _residual(of: _Numbers, place: Place, inner: tuple[Stage, Doubles], before: tuple[Stage, Doubles]) -> Step:
    terms = tuple(
        _one(float(values[place.column]), dataclasses.replace(place, stage=stage)) for stage, values in (inner, before)
    )
    step = Step(place, Operation.SUM, 0.0, terms)
    return dataclasses.replace(step, value=step.recomputed())


def _attended_sum(of: _Numbers, place: Place) -> Step:
    layer, row = place.layer, place.row
    return _residual(of, place, (Stage.PROJECTED, of.projected(layer, row)), (Stage.HIDDEN, of.hidden(layer, row)))


def _attended(of: _Numbers, place: Place) -> Step:
    inputs = _row(place, Stage.ATTENDED_SUM, of.attended_sum(place.layer, place.row))
    return _layer_norm(of, place, f"{ENCODER}.{place.layer}.attention.output.LayerNorm", None, inputs)


def _inner(of: _Numbers, place: Place) -> Step:
    inputs = _row(place, Stage.ATTENDED, of.attended(place.layer, place.row))
    return _projection(of, place, f"{ENCODER}.{place.layer}.intermediate.dense", place.column, None, inputs)


def _activated(of: _Numbers, place: Place) -> Step:
    return _activation(of, place, Stage.INNER, of.inner(place.layer, place.row))


def _activation(of: _Numbers, place: Place, stage: Stage, values: Doubles) -> Step:
    term = _one(float(values[place.column]), dataclasses.replace(place, stage=stage))
    step = Step(place, Operation.ACTIVATION, 0.0, (term,), activation=of.config.hidden_act)
    return dataclasses.replace(step, value=step.recomputed())


def _fed_forward(of: _Numbers, place: Place) -> Step:
    inputs = _row(place, Stage.ACTIVATED, of.activated(place.layer, place.row))
    return _projection(of, place, f"{ENCODER}.{place.layer}.output.dense", place.column, None, inputs)


def _fed_forward_sum(of: _Numbers, place: Place) -> Step:
    layer, row = place.layer, place.row
    return _residual(
        of, place, (Stage.FED_FORWARD, of.fed_forward(layer, row)), (Stage.ATTENDED, of.attended(layer, row))
    )


def _pooled_sum(of: _Numbers, place: Place) -> Step:
    last = of.config.num_hidden_layers
    inputs = Term(of.hidden(last, 0), Place(Stage.HIDDEN, last))
    return _projection(of, place, "bert.pooler.dense", place.column, None, inputs)


def _pooled(of: _Numbers, place: Place) -> Step:
    value = float(of.pooled()[place.column])
    before = _one(float(of.pooled_sum()[place.column]), dataclasses.replace(place, stage=Stage.POOLED_SUM))
    return Step(place, Operation.TANH, value, (before,))


def _nsp_logit(of: _Numbers, place: Place) -> Step:
    inputs = Term(of.pooled(), Place(Stage.POOLED))
    return _projection(of, place, "cls.seq_relationship", place.column, None, inputs)


def _nsp(of: _Numbers, place: Place) -> Step:
    return _shared_out(place, Term(of.nsp_logits(), Place(Stage.NSP_LOGIT)))


def _mlm_inner(of: _Numbers, place: Place) -> Step:
    inputs = _row(place, Stage.HIDDEN, of.hidden(place.layer, place.row))
    return _projection(of, place, f"{MLM}.transform.dense", place.column, None, inputs)


def _mlm_activated(of: _Numbers, place: Place) -> Step:
    return _activation(of, place, Stage.MLM_INNER, of.mlm_inner(place.layer, place.row))


def _mlm_transformed(of: _Numbers, place: Place) -> Step:
    inputs = _row(place, Stage.MLM_ACTIVATED, of.mlm_activated(place.layer, place.row))
    return _layer_norm(of, place, f"{MLM}.transform.LayerNorm", None, inputs)


def _mlm_logit(of: _Numbers, place: Place) -> Step:
    inputs = _row(place, Stage.MLM_TRANSFORMED, of.mlm_transformed(place.layer, place.row))
    return _projection(of, place, f"{MLM}.decoder", place.column, None, inputs)


def _mlm(of: _Numbers, place: Place) -> Step:
    return _shared_out(place, _row(place, Stage.MLM_LOGIT, of.mlm_logits(place.layer, place.row)))


def _token_cosine(of: _Numbers, place: Place) -> Step:
    vectors = of.trace.embeddings.token.astype(np.float64)
    return _cosine(place, Stage.TOKEN, 0, vectors)


def _hidden_cosine(of: _Numbers, place: Place) -> Step:
    return _cosine(place, Stage.HIDDEN, place.layer, of.trace.hidden[place.layer].astype(np.float64))


def _cosine(place: Place, stage: Stage, layer: int, vectors: Doubles) -> Step:
    """Of two rows of ``vectors`` (T, D)."""
    terms = tuple(Term(vectors[row], Place(stage, layer, row=row)) for row in (place.row, place.column))
    step = Step(place, Operation.COSINE, 0.0, terms)
    return dataclasses.replace(step, value=step.recomputed())


def _shared_out(place: Place, logits: Term) -> Step:
    """One of the probabilities that ``logits`` become."""
    step = Step(place, Operation.SOFTMAX, 0.0, (logits,), place.column)
    return dataclasses.replace(step, value=step.recomputed())


_STEPS: dict[Stage, Callable[[_Numbers, Place], Step]] = {
    Stage.WEIGHT: _learnt,
    Stage.TOKEN: _token,
    Stage.SEGMENT: _segment,
    Stage.POSITION: _position,
    Stage.EMBEDDED_SUM: _embedded_sum,
    Stage.HIDDEN: _hidden,
    Stage.QUERY: _split("query"),
    Stage.KEY: _split("key"),
    Stage.VALUE: _split("value"),
    Stage.SCORE: _score,
    Stage.ATTENTION: _attention,
    Stage.CONTEXT: _context,
    Stage.PROJECTED: _projected,
    Stage.ATTENDED_SUM: _attended_sum,
    Stage.ATTENDED: _attended,
    Stage.INNER: _inner,
    Stage.ACTIVATED: _activated,
    Stage.FED_FORWARD: _fed_forward,
    Stage.FED_FORWARD_SUM: _fed_forward_sum,
    Stage.POOLED_SUM: _pooled_sum,
    Stage.POOLED: _pooled,
    Stage.NSP_LOGIT: _nsp_logit,
    Stage.NSP: _nsp,
    Stage.MLM_INNER: _mlm_inner,
    Stage.MLM_ACTIVATED: _mlm_activated,
    Stage.MLM_TRANSFORMED: _mlm_transformed,
    Stage.MLM_LOGIT: _mlm_logit,
    Stage.MLM: _mlm,
    Stage.TOKEN_COSINE: _token_cosine,
    Stage.COSINE: _hidden_cosine,
}
