"""The training loop: right to the last digit, and the same after it was interrupted."""

from __future__ import annotations

import dataclasses
import json
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import model
from model.bert import Bert
from model.network import BertNetwork, Record
from model.training import corpus, preparation
from model.training.batches import Batches, Place, on_device
from model.training.corpus import Corpus
from model.training.distributed import World
from model.training.losses import PretrainingLoss
from model.training.masking import KEPT, MASKED, REPLACED
from model.training.recipe import NetworkRecipe, Phase
from model.training.run import Run
from model.training.trainer import Trainer
from model.wordpiece import WordPiece
from tests.model.training import small

_TIMES = {"seconds", "tokens_per_second", "data_seconds"}


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> tuple[WordPiece, Corpus]:
    return small.prepared(tmp_path_factory.mktemp("corpus"))


@pytest.fixture
def start(tmp_path: Path, texts: tuple[WordPiece, Corpus]) -> Any:
    """Begins a run of the given name; one that is there already goes on from its state."""

    def begin(name: str = "run", **fields: Any) -> Trainer:
        asked = small.recipe(**fields)
        if not (tmp_path / name).exists():
            return small.trainer(asked, Run.create(tmp_path, name, asked.to_toml()), *texts)
        run = Run.open(tmp_path / name)
        trainer = small.trainer(asked, run, *texts)
        state = run.load_state()
        trainer.restore(state)
        run.cut_metrics(state["metrics_size"])
        return trainer

    return begin


def without_times(run: Run) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if key not in _TIMES} for row in run.metrics()]


def weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in trainer.network.state_dict().items()}


# Right


def test_one_step_is_that_of_transformers_and_torch(start: Any, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    trainer = start(learning_rate=1e-4, epsilon=1e-6, warmup=0.0, decay="none", clip=0.5, log_steps=1, steps=1)
    bert = Bert("fresh", trainer.network, trainer.tokenizer)
    model.save(bert, tmp_path / "fresh")
    trainer.network.train()
    theirs = transformers.BertForPreTraining.from_pretrained(tmp_path / "fresh").train()
    [batch] = trainer._batches.training(trainer.progress.place)

    labels = torch.full(batch.input_ids.shape, -100)
    labels.view(-1)[torch.from_numpy(batch.chosen)] = torch.from_numpy(batch.labels)
    mask = torch.arange(labels.shape[1]) < torch.from_numpy(batch.lengths)[:, None]
    output = theirs(
        input_ids=torch.from_numpy(batch.input_ids),
        token_type_ids=torch.from_numpy(batch.segments),
        attention_mask=mask.long(),
        labels=labels,
        next_sentence_label=torch.from_numpy(batch.next_labels),
    )
    output.loss.backward()
    torch.nn.utils.clip_grad_norm_(theirs.parameters(), 0.5)
    spared = [one for name, one in theirs.named_parameters() if name.endswith("bias") or "LayerNorm" in name]
    decayed = [one for one in theirs.parameters() if all(one is not other for other in spared)]
    torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.01}, {"params": spared, "weight_decay": 0.0}],
        lr=1e-4,
        betas=(0.9, 0.98),
        eps=1e-6,
    ).step()

    trainer.train()

    line = next(row for row in trainer.run.metrics() if row["split"] == "train")
    assert line["loss"] == pytest.approx(output.loss.item(), abs=1e-5)
    ours = trainer.network.state_dict()
    for name, value in theirs.state_dict().items():
        if name in ours:
            torch.testing.assert_close(ours[name], value, rtol=0, atol=1e-6, msg=name)


def test_a_batch_in_parts_makes_the_step_of_the_whole(start: Any) -> None:
    asked = {"steps": 5, "same_word": 0.5}
    whole, parts = start("whole", batch=8, **asked), start("parts", batch=4, accumulation=2, **asked)
    whole.train()
    parts.train()
    for name, value in weights(whole).items():
        torch.testing.assert_close(parts.network.state_dict()[name], value, rtol=1e-4, atol=1e-6, msg=name)


def test_the_learning_rate_rises_to_its_peak_and_falls_to_nothing(start: Any) -> None:
    trainer = start(log_steps=1, steps=20, warmup=0.25, decay="linear")
    trainer.train()
    rates = [row["learning_rate"] for row in trainer.run.metrics() if row["split"] == "train"]
    assert rates[0] == pytest.approx(2e-3 * 0.5 / 20 / 0.25)
    assert max(rates) == pytest.approx(2e-3 * (1 - 0.5 / 20 / 0.75), rel=1e-6)
    assert rates[-1] == pytest.approx(2e-3 * 0.5 / 20 / 0.75, rel=1e-6)


def test_the_learning_rate_is_held_at_its_peak_before_it_falls(start: Any) -> None:
    trainer = start(log_steps=1, steps=20, warmup=0.25, hold=0.5, decay="linear")
    trainer.train()
    rates = [row["learning_rate"] for row in trainer.run.metrics() if row["split"] == "train"]
    assert rates[5:15] == [2e-3] * 10
    assert rates[15:] == pytest.approx([2e-3 * share for share in (0.9, 0.7, 0.5, 0.3, 0.1)], rel=1e-6)


def test_each_layer_tells_its_gradient_and_how_much_it_changed(start: Any) -> None:
    trainer = start(steps=1, log_steps=1, clip=0)
    before = weights(trainer)
    trainer.train()
    line = next(row for row in trainer.run.metrics() if row["split"] == "train")
    parts = ["embeddings", "layer 1", "layer 2", "pooler", "MLM head", "NSP head"]
    assert list(line["grad_norm_by_layer"]) == parts == list(line["update_by_layer"])
    whole = math.sqrt(sum(norm**2 for norm in line["grad_norm_by_layer"].values()))
    assert line["grad_norm"] == pytest.approx(whole, rel=1e-5)
    after = weights(trainer)
    names = [name for name in before if name.startswith("bert.encoder.layer.0.")]
    change = math.sqrt(sum(float((after[name] - before[name]).square().sum()) for name in names))
    norm = math.sqrt(sum(float(before[name].square().sum()) for name in names))
    assert line["update_by_layer"]["layer 1"] == pytest.approx(change / norm, rel=1e-4)


def test_muon_learns_too(start: Any) -> None:
    trainer = start(optimizer="muon", learning_rate=5e-3)
    trainer.train()
    losses = [row["loss"] for row in trainer.run.metrics() if row["split"] == "validation"]
    assert losses[-1] < losses[0] - 0.5


def test_the_loss_of_the_same_word_is_what_the_trace_shows(start: Any) -> None:
    trainer = start(batch=6, chosen=0.3)
    bert = trainer.network.bert
    with torch.no_grad():  # sharper than fresh weights, so that rows differ
        for one in (bert.encoder.layer[0].attention.self.query, bert.encoder.layer[0].attention.self.key):
            one.weight.mul_(20)
    [batch] = trainer._batches.training(trainer.progress.place)
    inputs = on_device(batch, torch.device("cpu"))
    assert inputs.mask is not None  # rows of several lengths
    chosen, wanted = set(batch.chosen.tolist()), []
    found = PretrainingLoss(trainer.network, same_word=True)(*inputs).same_word
    for row, length in enumerate(batch.lengths.tolist()):
        ids = batch.input_ids[row, :length].tolist()
        record = Record.allocate(trainer.network.config, length)
        with torch.no_grad():
            embedded = bert.embeddings(inputs.input_ids[None, row, :length], inputs.segments[None, row, :length])
            bert.encoder(embedded, None, record=record)
        nats = []
        for place, one in enumerate(ids):
            columns = [other for other, same in enumerate(ids) if same == one and other != place]
            if columns and row * batch.input_ids.shape[1] + place not in chosen:
                nats.append(-math.log(float(record.attention[0, -1, place, columns].sum())))
        wanted.append(sum(nats) / len(nats))
    assert found.tolist() == pytest.approx(wanted, rel=1e-5)
    found.sum().backward()
    learning = {name: one.grad for name, one in trainer.network.named_parameters() if one.grad is not None}
    self = "bert.encoder.layer.0.attention.self"
    assert set(learning) == {f"{self}.{part}.{kind}" for part in ("query", "key") for kind in ("weight", "bias")}
    assert not any(gradient[: -trainer.network.config.head_size].any() for gradient in learning.values())


def test_a_batch_without_the_same_word_twice_leaves_the_head_alone(start: Any) -> None:
    loss = PretrainingLoss(start(objective="mlm").network, same_word=True)
    ids = torch.tensor([[2, 9, 10, 11, 3]])
    found = loss(ids, torch.zeros_like(ids), None, torch.tensor([2]), torch.tensor([12]), None).same_word
    assert found.tolist() == [0.0]


def test_a_run_may_ask_one_head_to_look_at_the_same_word(start: Any) -> None:
    after = []
    for name, weight in (("with", 1.0), ("without", 0.0)):
        trainer = start(name, same_word=weight)
        trainer.train()
        loss, held_out = PretrainingLoss(trainer.network, same_word=True), trainer._batches.validation(0)
        after.append([loss(*on_device(batch, torch.device("cpu"))).same_word.mean().item() for batch in held_out])
        lines = [row["same_word_loss"] for row in trainer.run.metrics() if "same_word_loss" in row]
        assert bool(lines) == bool(weight)
    assert max(after[0]) + 0.5 < min(after[1])  # nats


def test_a_run_takes_full_stops_away_and_leaves_question_marks(tmp_path: Path) -> None:
    file = tmp_path / "talk.txt"
    talk = "\n".join(f"I know {number}.\nHow much is {number} ?" for number in ("one", "two", "six"))
    file.write_text("\n\n".join([talk] * 8), encoding="utf-8")
    tokenizer = small.words(file)
    read = corpus.prepare([file], tokenizer, tmp_path / "cache", validation_share=0.0)
    asked = small.recipe(bare_share=1.0, chosen=0.001, batch=64)
    [batch] = Batches(asked, read, tokenizer, World.join()).training(Place())
    ends = {row[end - 1] for row in batch.input_ids for end in np.flatnonzero(row == tokenizer.id("[SEP]"))}
    assert tokenizer.id("?") in ends
    assert tokenizer.id(".") not in ends


def test_the_batch_that_is_shown_is_the_one_that_was_learnt(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model.training.trainer._SHOWN_EVERY", -1.0)
    trainer = start(steps=1, log_steps=1)
    [batch] = trainer._batches.training(trainer.progress.place)
    trainer.train()
    shown = trainer.run.batch()
    tokens = trainer.tokenizer.tokens
    kinds = {MASKED: "masked", REPLACED: "replaced", KEPT: "kept"}
    found = [
        (row, one["position"], one["kind"], one["label"])
        for row, entry in enumerate(shown["rows"])
        for one in entry["chosen"]
    ]
    wanted = [
        (int(place) // 32, int(place) % 32, kinds[int(kind)], tokens[label])
        for place, kind, label in zip(batch.chosen, batch.kinds, batch.labels, strict=True)
    ]
    assert found == wanted
    assert [entry["pieces"][0] for entry in shown["rows"]] == ["[CLS]"] * 4
    assert [entry["next_label"] for entry in shown["rows"]] == batch.next_labels.tolist()
    line = next(row for row in trainer.run.metrics() if row["split"] == "train")
    losses = [one["loss"] for entry in shown["rows"] for one in entry["chosen"]]
    assert sum(losses) / len(losses) == pytest.approx(line["mlm_loss"], rel=1e-5)


# Interrupted


def test_a_run_that_was_torn_off_at_ten_moments_ends_like_one_that_was_not(start: Any) -> None:
    whole = start("whole", same_word=0.5)
    whole.train()
    draw = random.Random(1)
    trainer = start("torn", same_word=0.5)
    for _ in range(10):
        steps = draw.randrange(1, 9)
        save_at, die_at = trainer.progress.step + steps, trainer.progress.step + steps + draw.randrange(0, 4)

        def torn(trainer: Trainer = trainer, save_at: int = save_at, die_at: int = die_at) -> bool:
            if trainer.progress.step == save_at:
                trainer.save()
            if trainer.progress.step >= die_at:
                raise KeyboardInterrupt
            return False

        with pytest.raises(KeyboardInterrupt):
            trainer.train(torn)
        trainer = start("torn", same_word=0.5)
        assert trainer.progress.step == save_at
    trainer.train()
    for name, value in weights(whole).items():
        assert torch.equal(trainer.network.state_dict()[name], value), name
    assert without_times(trainer.run) == without_times(whole.run)


def test_a_stop_saves_and_the_run_goes_on_from_there(start: Any) -> None:
    trainer = start()
    assert not trainer.train(lambda: trainer.progress.step == 7)
    again = start()
    assert again.progress.step == 7
    assert again.train()
    assert again.progress.step == 60


@pytest.mark.parametrize("step", [0, 25, 60])
def test_what_was_measured_before_a_stop_is_not_measured_again(start: Any, step: int) -> None:
    whole, torn = start("whole", validate_steps=25), start("torn", validate_steps=25)
    whole.train()
    torn.train(lambda: torn.progress.step == step)
    start("torn", validate_steps=25).train()
    start("torn", validate_steps=25).train()  # a run that has ended ends again
    assert without_times(torn.run) == without_times(whole.run)


def test_dropout_goes_on_with_the_draws_it_would_have_had(start: Any) -> None:
    network = dataclasses.replace(small.NETWORK, dropout=0.1)
    whole = start("whole", network=network, steps=12)
    whole.train()
    torn = start("torn", network=network, steps=12)
    torn.train(lambda: torn.progress.step == 5)
    torch.manual_seed(99)
    again = start("torn", network=network, steps=12)
    again.train()
    for name, value in weights(whole).items():
        assert torch.equal(again.network.state_dict()[name], value), name


def test_each_of_several_processes_drops_other_numbers(
    tmp_path: Path, texts: tuple[WordPiece, Corpus], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(World, "wrap", lambda self, module: module)
    asked = small.recipe(network=dataclasses.replace(small.NETWORK, dropout=0.1))
    drawn = []
    for rank in range(2):
        run = Run.create(tmp_path, "run", asked.to_toml())
        Trainer(
            asked, run, World(rank, 2, torch.device("cpu")), *texts, *preparation.network(asked, len(texts[0].tokens))
        )
        drawn.append(torch.rand(8))
    assert not torch.equal(*drawn)


def test_a_state_keeps_what_all_processes_have_counted_since_the_last_line(
    start: Any, texts: tuple[WordPiece, Corpus], monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = start(steps=3, log_steps=100)
    trainer.train()
    alone = trainer.run.load_state()["sums"]["sums"]
    monkeypatch.setattr(World, "wrap", lambda self, module: module)
    monkeypatch.setattr(World, "sum", lambda self, tensor: tensor.mul_(2))  # the other one has counted the same
    trainer.save()
    trainer.save()
    state = trainer.run.load_state()
    assert alone.any()
    assert torch.equal(state["sums"]["sums"], 2 * alone)

    kept = []
    for rank in range(2):
        begun = preparation.network(trainer.recipe, len(texts[0].tokens))
        again = Trainer(trainer.recipe, trainer.run, World(rank, 2, torch.device("cpu")), *texts, *begun)
        again.restore(state)
        kept.append(again._sums._sums)
    assert torch.equal(sum(kept), 2 * alone)


@pytest.mark.parametrize(("processes", "threads"), [(2, 3), (1, 4096)], ids=["one of several", "a larger machine"])
def test_a_run_from_elsewhere_computes_with_the_threads_of_here(
    start: Any, processes: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    chosen: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", chosen.append)
    trainer = start(steps=2)
    trainer.train()
    trainer.restore({**trainer.run.load_state(), "processes": processes, "threads": threads})
    assert chosen == ([] if processes == 2 else [2])


def test_a_changed_corpus_is_not_gone_on_with(start: Any, tmp_path: Path) -> None:
    trainer = start()
    trainer.train(lambda: trainer.progress.step == 2)
    other = small.trainer(small.recipe(), trainer.run, *small.prepared(tmp_path, documents=201))
    with pytest.raises(ValueError, match="corpus has changed"):
        other.restore(trainer.run.load_state())


# Breaking down


def test_a_gradient_that_is_no_number_stops_the_run_and_names_the_step(start: Any) -> None:
    trainer = start(save_seconds=0.0)
    spoilt = False

    def spoil() -> bool:
        nonlocal spoilt
        if trainer.progress.step == 25 and not spoilt:
            spoilt = True
            with torch.no_grad():
                trainer.network.bert.encoder.layer[0].output.dense.weight[0, 0] = math.nan
        return False

    with pytest.raises(ValueError, match="step 26"):
        trainer.train(spoil)
    assert trainer.run.snapshots()[-1][0] == 20
    state = trainer.run.load_state()
    assert state["progress"]["step"] == 25
    assert all(torch.isfinite(value).all() for value in state["network"].values())


def test_a_hopeless_learning_rate_stops_the_run(start: Any) -> None:
    trainer = start(learning_rate=10.0, warmup=0.0, clip=0, steps=200)
    with pytest.raises(ValueError, match="learning_rate"):
        trainer.train()


def test_a_batch_in_which_nothing_was_chosen_is_no_breakdown(start: Any) -> None:
    trainer = start(chosen=0.001, batch=1, log_steps=1, steps=4)
    assert trainer.train()
    losses = [row["mlm_loss"] for row in trainer.run.metrics() if row["split"] == "train"]
    assert None in losses


def test_a_lack_of_memory_says_which_batch_was_too_large(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = 2**14
    trainer = start(batch=batch)
    monkeypatch.setattr(trainer, "_forward", lambda *_: torch.empty(2**50))
    with pytest.raises(ValueError, match=f"memory for batches of {batch:,} inputs of 32 tokens"):
        trainer.train()


# What comes out


def test_snapshots_open_in_the_explorer_and_in_transformers(start: Any) -> None:
    transformers = pytest.importorskip("transformers")
    trainer = start()
    trainer.train()
    assert [step for step, _ in trainer.run.snapshots()] == [0, 20, 40, 60]
    folder = trainer.run.snapshots()[-1][1]
    bert = model.load(folder)
    assert bert.trained_length == 32
    assert bert.has_mlm
    assert bert.has_nsp
    theirs, report = transformers.BertForPreTraining.from_pretrained(folder, output_loading_info=True)
    assert not report["missing_keys"]
    assert json.loads((folder / "config.json").read_text())["architectures"] == ["BertForPreTraining"]
    assert theirs.config.num_hidden_layers == 2


@pytest.mark.parametrize(
    ("objective", "architecture", "direction"),
    [("mlm", "BertForMaskedLM", "both"), ("causal", "BertLMHeadModel", "left-to-right")],
)
def test_other_objectives_learn_and_are_saved_as_what_they_are(
    start: Any, objective: str, architecture: str, direction: str
) -> None:
    trainer = start(objective=objective)
    trainer.train()
    losses = [row["mlm_loss"] for row in trainer.run.metrics() if row["split"] == "validation"]
    assert losses[-1] < losses[0] - 0.5
    folder = trainer.run.snapshots()[-1][1]
    assert json.loads((folder / "config.json").read_text())["architectures"] == [architecture]
    assert model.load(folder).direction == direction


def test_phases_change_length_and_batch_on_the_way(start: Any) -> None:
    phases = (Phase(share=0.5, length=16, batch=8, chosen=0.3), Phase(share=0.5))
    trainer = start(phases=phases, log_steps=1)
    trainer.train()
    rows = [row for row in trainer.run.metrics() if row["split"] == "train"]
    assert [row["phase"] for row in rows] == [0] * 30 + [1] * 30
    assert model.load(trainer.run.snapshot_path(20)).trained_length == 16
    assert model.load(trainer.run.snapshot_path(60)).trained_length == 32


def test_positions_that_inputs_reach_later_begin_as_copies_of_the_trained_ones(start: Any) -> None:
    trainer = start(phases=(Phase(share=0.5, length=16), Phase(share=0.5)), steps=4, learning_rate=0.0)
    before = trainer.network.bert.embeddings.position_embeddings.weight.detach().clone()
    trainer.train()
    table = trainer.network.bert.embeddings.position_embeddings.weight
    assert torch.equal(table[:16], before[:16])
    assert torch.equal(table[16:31], before[1:16])  # but for that of [CLS]
    assert torch.equal(table[31], before[1])
    assert torch.equal(table[32:], before[32:])
    source = str(trainer.run.snapshots()[-1][1])
    longer = start("longer", start_from=source, network=NetworkRecipe(), length=40, steps=1, learning_rate=0.0)
    longer.train()
    table = longer.network.bert.embeddings.position_embeddings.weight
    assert torch.equal(table[32:40], table[1:9])


@pytest.mark.parametrize("tied", [True, False])
def test_a_run_starts_from_a_model_with_a_padded_vocabulary(
    start: Any, tmp_path: Path, texts: tuple[WordPiece, Corpus], tied: bool
) -> None:
    first = start("first", steps=1)
    entries = len(texts[0].tokens)
    config = dataclasses.replace(first.network.config, vocab_size=entries + 40, tie_word_embeddings=tied)
    network = BertNetwork(config)
    network.cls.predictions.decoder.bias.data[entries:] = 3.0  # so it guesses rows that no text leads to
    model.save(Bert("padded", network, texts[0].padded(entries + 40)), tmp_path / "padded")
    again = start("again", start_from=str(tmp_path / "padded"), network=NetworkRecipe(), steps=1)
    opened = model.load(tmp_path / "padded").network.state_dict()
    for name, value in again.network.state_dict().items():
        assert torch.equal(value, opened[name]), name
    again._shown = -math.inf
    again.train()
    guesses = {one["guess"] for row in again.run.batch()["rows"] for one in row["chosen"]}
    assert any(guess.startswith("[row ") for guess in guesses)
    read = {int(number) for place in range(20) for batch in again._batches.training(Place(0, 4 * place))
            for number in batch.input_ids.flat}  # fmt: skip
    assert max(read) < entries


def test_a_run_starts_from_a_model(start: Any) -> None:
    first = start("first")
    first.train()
    source = first.run.snapshots()[-1][1]
    again = start("again", start_from=str(source), network=NetworkRecipe())
    opened = model.load(source).network.state_dict()
    for name, value in again.network.state_dict().items():
        assert torch.equal(value, opened[name]), name


def test_what_a_model_was_trained_on_counts_for_the_run_that_starts_from_it(start: Any) -> None:
    first = start("first", steps=1)
    first.train()
    source = str(first.run.snapshots()[-1][1])
    again = start("again", start_from=source, network=NetworkRecipe(), steps=1, length=16)
    again.train()
    assert model.load(again.run.snapshots()[-1][1]).trained_length == 32


def test_a_state_that_counted_its_own_run_only_leaves_what_its_model_knew(start: Any) -> None:
    first = start("first", steps=1)
    first.train()
    fields = {"start_from": str(first.run.snapshots()[-1][1]), "network": NetworkRecipe(), "steps": 2}
    again = start("again", **fields, phases=(Phase(0.5, length=16), Phase(0.5, length=32)))
    again.train(lambda: again.progress.step == 1)
    state = again.run.load_state()
    state["progress"]["longest"] = 16  # as states of before the whole model's length was counted have it
    state["sums"]["sums"] = state["sums"]["sums"][:9]  # which also had fewer sums
    again.run.save_state(state)
    resumed = start("again", **fields, phases=(Phase(0.5, length=16), Phase(0.5, length=32)))
    positions = resumed.network.bert.embeddings.position_embeddings.weight
    known = positions[16:32].detach().clone()
    resumed._turn_phase()
    assert torch.equal(positions[16:32], known)


def test_the_first_measurement_of_longer_inputs_is_of_the_positions_that_training_begins_with(start: Any) -> None:
    first = start("first", steps=1)
    first.train()
    source = str(first.run.snapshots()[-1][1])
    again = start("again", start_from=source, network=NetworkRecipe(), steps=1, length=48, learning_rate=1e-9)
    again.train()
    before, after = (row["loss"] for row in again.run.metrics() if row["split"] == "validation")
    assert before == pytest.approx(after, abs=1e-4)
