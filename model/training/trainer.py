"""The training loop: one for every objective, in one process or in many."""

from __future__ import annotations

import dataclasses
import math
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from model.bert import Bert
from model.checkpoint import save
from model.network import BertNetwork
from model.training import memory, optimizer
from model.training.batches import Batches, Place, on_device
from model.training.corpus import Corpus
from model.training.distributed import World
from model.training.feed import Feed
from model.training.losses import Losses, PretrainingLoss
from model.training.masking import Batch
from model.training.metrics import Sums, shown
from model.training.precision import autocast, uses_bf16
from model.training.recipe import Recipe
from model.training.run import Run
from model.wordpiece import WordPiece

STATE_SCHEMA = 1
Report = Callable[[dict[str, Any]], None]  # is told of every line of metrics

_SHOWN_EVERY = 1.0  # seconds between two batches that are written to be looked at
_HOPELESS = 2.0  # times ln V: a loss so far above that of knowing nothing comes down no more


@dataclass
class Progress:
    """How far a run is. The place in the data is part of it: a batch is a function of that alone."""

    step: int = 0  # changes of the weights
    tokens: int = 0  # read, [PAD] left out
    seconds: float = 0.0  # spent in steps
    longest: int = 0  # tokens of the longest inputs so far: positions beyond were never trained
    measured: int = -1  # the step at which held-out documents were measured on last
    place: Place = dataclasses.field(default_factory=Place)


class Trainer:
    """One run, from its first step or from a state."""

    def __init__(
        self,
        recipe: Recipe,
        run: Run,
        world: World,
        tokenizer: WordPiece,
        corpus: Corpus,
        network: BertNetwork,
        trained_length: int,
    ) -> None:
        self.recipe, self.run, self.world, self.corpus = recipe, run, world, corpus
        self.tokenizer = tokenizer.padded(network.config.vocab_size)  # a guess may be a row that no text leads to
        self.network = network.to(world.device)
        self.network.train()
        self.progress = Progress(longest=trained_length)
        self._batches = Batches(recipe, corpus, tokenizer, world)
        self._optimizers = optimizer.build(network, recipe)
        self._layers = optimizer.by_layer(network)
        self._bf16 = uses_bf16(recipe, world.device)
        self._loss = world.wrap(PretrainingLoss(network, same_word=recipe.same_word > 0))
        if world.size > 1:
            self._seed()
        if world.device.type == "cuda":
            network.bert.encoder.compile()
        self._sums = Sums(world.device)
        self._unchecked: Tensor | None = None  # norm of the latest step's gradient, not yet looked at
        self._saved = self._shown = time.monotonic()
        self._save_is_due = False

    def train(self, stop: Callable[[], bool] = lambda: False, report: Report = lambda line: None) -> bool:
        """Trains to the end, or until ``stop`` says so; whether the end was reached.

        Raises ``ValueError`` with a sentence when the loss is no number any more or hopeless. The last state and the
        last snapshot then stay as they were.
        """
        feed = Feed(self._batches.training, ahead=1 if self.world.device.type == "cpu" else 4)
        try:
            self._turn_phase()
            if self.progress.step == 0:
                self._snapshot()
                self._validate(report)
            while not self._ends(stop):
                with memory.said_in_a_sentence(self.recipe.filled(self.progress.place.phase)):
                    self._step(feed)
                self._after_step(report)
            self._require_finite()
            finished = self._share() >= 1
            if finished:
                self._validate(report)
                self._snapshot()
            self.save()
        finally:
            feed.close()
        return finished

    def _share(self) -> float:
        """How much of the run is done, 0 … 1."""
        if self.recipe.steps:
            return min(1.0, self.progress.step / self.recipe.steps)
        return min(1.0, self.progress.seconds / (60 * self.recipe.minutes))

    def _ends(self, stop: Callable[[], bool]) -> bool:
        """Whether the run stops here. All processes end and save at the same step, and go by the clock of one."""
        due = time.monotonic() - self._saved > self.recipe.save_seconds
        clock = [self.progress.seconds, float(due)] if self.world.writes else [0.0, 0.0]
        control = self.world.sum(torch.tensor([float(stop()), *clock], dtype=torch.double)).tolist()
        asked, self.progress.seconds, self._save_is_due = control[0], control[1], control[2] > 0
        return asked > 0 or self._share() >= 1

    # One step

    def _step(self, feed: Feed[Place, list[Batch]]) -> None:
        started = time.perf_counter()
        self._turn_phase()
        batches, waited = feed.take(self.progress.place, self._batches.following)
        counts = torch.tensor(
            [sum(len(batch.chosen) for batch in batches), sum(len(batch.lengths) for batch in batches)],
            dtype=torch.double,
        )
        chosen, rows = self.world.sum(counts).tolist()
        for number, batch in enumerate(batches, 1):
            with self._synchronised(number == len(batches)):
                losses, loss = self._forward(batch, chosen, rows)
                loss.backward()  # type: ignore[no-untyped-call]
        self._require_finite()
        self._update(self._is_logged(self.progress.step + 1))
        self.progress.step += 1
        self.progress.place = self._batches.following(self.progress.place)
        self.progress.longest = max(self.progress.longest, batch.input_ids.shape[1])
        self._latest = batch, losses
        took = time.perf_counter() - started
        self.progress.seconds += took
        self._sums.add_times(took, waited)

    def _turn_phase(self) -> None:
        number = self.recipe.phase(self._share())
        if number != self.progress.place.phase:
            self.progress.place = Place(number, 0)
        self._reach(self.recipe.filled(number).length)

    def _reach(self, length: int) -> None:
        """Positions that inputs reach for the first time begin as copies of the trained ones (Beltagy et al. 2020).

        So heads that look at neighbours find them, though often in another copy, and learn to tell the
        copies apart. Positions that begin as noise are found by no head, and stay so for hundreds of steps.
        """
        trained = self.progress.longest
        if 1 < trained < length:
            table = self.network.bert.embeddings.position_embeddings.weight
            copied = 1 + torch.arange(length - trained, device=table.device) % (trained - 1)  # that of [CLS] left out
            with torch.no_grad():
                table[trained:length] = table[copied]

    def _forward(self, batch: Batch, chosen: float, rows: float) -> tuple[Losses, Tensor]:
        """The losses of a batch, and their share in the mean over the ``chosen`` and ``rows`` of all processes."""
        inputs = on_device(batch, self.world.device)
        with autocast(self.world.device, self._bf16):
            losses: Losses = self._loss(*inputs)
        # DDP takes the mean of the processes' gradients, and the mean of means is wrong where they hold different
        # numbers of chosen tokens: sums divided by the counts of all, times the processes, are right.
        loss = losses.mlm.sum() * (self.world.size / max(chosen, 1.0))
        if losses.nsp is not None:
            loss = loss + losses.nsp.sum() * (self.world.size / rows)
        if losses.same_word is not None:
            loss = loss + losses.same_word.sum() * (self.recipe.same_word * self.world.size / rows)
        self._sums.add(batch, losses, inputs.labels, inputs.next_labels)
        return losses, loss

    def _update(self, measured: bool) -> None:
        """Changes the weights, and where ``measured`` keeps how much in each layer (C17)."""
        recipe, parameters = self.recipe, list(self.network.parameters())
        rate = optimizer.learning_rate(recipe, self._middle_of_step())
        optimizer.set_learning_rate(self._optimizers, rate)
        if measured:
            gradients = {name: optimizer.norm(one.grad for one in part if one.grad is not None)
                         for name, part in self._layers.items()}  # fmt: skip
            before = {name: [one.detach().clone() for one in part] for name, part in self._layers.items()}
        self._unchecked = torch.nn.utils.clip_grad_norm_(parameters, recipe.clip or math.inf, foreach=True)
        for one in self._optimizers:
            one.step()
            one.zero_grad(set_to_none=True)
        if measured:
            updates = {
                name: optimizer.norm(now.detach() - then for now, then in zip(part, before[name], strict=True))
                / optimizer.norm(before[name])
                for name, part in self._layers.items()
            }
            self._sums.measured(rate, self._unchecked, gradients, updates)

    def _middle_of_step(self) -> float:
        """The share of the run at which this step stands: its middle, so that no step has a learning rate of 0."""
        if self.recipe.steps:
            return (self.progress.step + 0.5) / self.recipe.steps
        step = self.progress.seconds / max(self.progress.step, 1)
        return min(1.0, (self.progress.seconds + step / 2) / (60 * self.recipe.minutes))

    def _require_finite(self) -> None:
        """Looks at the gradient of the step before. On a GPU that waits for all that was begun, so that the CPU is
        never more than a step ahead and ``seconds`` are those of both.
        """
        if self._unchecked is not None and not math.isfinite(float(self._unchecked)):
            raise ValueError(
                f"Training broke down at step {self.progress.step}: its gradient is no number any more. The last "
                "snapshot is good; start anew with a lower learning_rate, a longer warmup or a smaller clip."
            )

    # What follows a step

    def _is_logged(self, step: int) -> bool:
        return step % self.recipe.log_steps == 0 or step == 1

    def _after_step(self, report: Report) -> None:
        step, recipe = self.progress.step, self.recipe
        if self._is_logged(step):
            self._log(report)
        if step % recipe.validate_steps == 0:
            self._validate(report)
        if step % recipe.snapshot_steps == 0:
            self._require_finite()
            self._snapshot()
        if self._save_is_due:
            self._require_finite()
            self.save()

    def _log(self, report: Report) -> None:
        line = self._sums.line(self.world)
        self.progress.tokens += line.pop("interval_tokens")
        line = {"step": self.progress.step, "tokens": self.progress.tokens, "split": "train", **line}
        line |= {"seconds": self.progress.seconds, "phase": self.progress.place.phase}
        self._write(line, report)
        if (line["mlm_loss"] or 0.0) > _HOPELESS * math.log(self.network.config.vocab_size):
            raise ValueError(
                f"Training broke down before step {self.progress.step}: the loss of {line['mlm_loss']:.1f} is far "
                "above ln V, which knowing nothing gives. Start anew with a lower learning_rate or a longer warmup."
            )
        if self.world.writes and time.monotonic() - self._shown > _SHOWN_EVERY:
            self._shown = time.monotonic()
            batch, losses = self._latest
            self.run.write_batch({"step": self.progress.step, **shown(batch, losses, self.tokenizer)})

    def _validate(self, report: Report) -> None:
        """Measures on held-out documents, always on the same rows and masks at the length of the phase; once a step."""
        if self.progress.measured == self.progress.step:
            return
        self.progress.measured = self.progress.step
        sums = Sums(self.world.device)
        self.network.eval()
        with torch.inference_mode(), autocast(self.world.device, self._bf16):
            for batch in self._batches.validation(self.progress.place.phase):
                inputs = on_device(batch, self.world.device)
                sums.add(batch, PretrainingLoss(self.network)(*inputs), inputs.labels, inputs.next_labels)
        self.network.train()
        line = sums.line(self.world)
        if line.pop("interval_tokens"):
            head = {"step": self.progress.step, "tokens": self.progress.tokens, "split": "validation"}
            self._write(head | line, report)

    def _write(self, line: dict[str, Any], report: Report) -> None:
        if self.world.writes:
            self.run.append_metrics(line)
        report(line)

    def _snapshot(self) -> None:
        path = self.run.snapshot_path(self.progress.step)
        if self.world.writes and not path.exists():  # as after a stop right here
            bert = Bert(self.run.name, self.network, self.tokenizer, trained_length=self.progress.longest or None)
            save(bert, path, torch.float16)
            self.network.train()  # which a Bert is not

    # To go on from

    def save(self) -> None:
        """Writes the state: the run goes on from here, bit for bit on the same machine in one process.

        Several processes call this at the same step.
        """
        self._saved = time.monotonic()
        sums = self._sums.state(self.world)
        if not self.world.writes:
            return
        self.run.save_state(
            {
                "schema": STATE_SCHEMA,
                "progress": dataclasses.asdict(self.progress),
                "network": self.network.state_dict(),
                "optimizers": [one.state_dict() for one in self._optimizers],
                "sums": sums,
                "random": torch.get_rng_state(),
                "random_cuda": torch.cuda.get_rng_state() if self.world.device.type == "cuda" else None,
                "threads": torch.get_num_threads(),
                "processes": self.world.size,
                "corpus": self.corpus.digest,
            }
        )

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from ``state``. ``ValueError`` where it is another corpus's or another program's."""
        if state.get("schema") != STATE_SCHEMA:
            raise ValueError(
                f"The state of {self.run.name} is of another version of this program: resume with that one."
            )
        if state["corpus"] != self.corpus.digest:
            raise ValueError(
                f"The corpus has changed since {self.run.name} began: bring the texts back as they were, or start a "
                "new run from its last snapshot with start_from."
            )
        self.network.load_state_dict(state["network"])
        for one, saved in zip(self._optimizers, state["optimizers"], strict=True):
            one.load_state_dict(saved)
        progress = dict(state["progress"])
        progress["longest"] = max(self.progress.longest, progress["longest"])  # older states count their own run only
        self.progress = Progress(**{**progress, "place": Place(**progress["place"])})
        if self.world.writes:  # they are those of all processes
            self._sums.restore(state["sums"])
        if self.world.size == state["processes"] == 1:
            torch.set_num_threads(min(state["threads"], os.cpu_count() or 1))
            torch.set_rng_state(state["random"])
            if state["random_cuda"] is not None and self.world.device.type == "cuda":
                torch.cuda.set_rng_state(state["random_cuda"])
        else:
            self._seed()

    def _seed(self) -> None:
        """Gives each of several processes draws of its own for dropout."""
        torch.manual_seed(self.recipe.seed + 1_000_003 * self.progress.step + self.world.rank)

    def _synchronised(self, last: bool) -> AbstractContextManager[Any]:
        """Gradients are exchanged after the last of the accumulated batches only."""
        if isinstance(self._loss, DistributedDataParallel) and not last:
            return self._loss.no_sync()
        return nullcontext()
