"""The metrics of a run as columns."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.training.history import Columns, History
from model.training.run import Run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run.create(tmp_path, "r", "")


def line(step: int, **fields: Any) -> dict[str, Any]:
    return {"step": step, "split": "train", **fields}


def test_each_split_has_its_own_columns_and_layers_have_one_each(run: Run) -> None:
    run.append_metrics(line(1, loss=3.0, update_by_layer={"embeddings": 0.1, "layer 1": 0.2}))
    run.append_metrics({"step": 1, "split": "validation", "loss": 2.5})
    run.append_metrics(line(2, loss=None, nsp_loss=0.5))
    history = History(run)
    assert history.read()
    assert history.train["step"].tolist() == [1, 2]
    assert history.train["update_by_layer/layer 1"].tolist() == pytest.approx([0.2, math.nan], nan_ok=True)
    np.testing.assert_array_equal(history.train["loss"], [3.0, math.nan])
    np.testing.assert_array_equal(history.train["nsp_loss"], [math.nan, 0.5])
    assert history.validation["loss"].tolist() == [2.5]
    assert "grad_norm" not in history.train
    assert not history.read()


def test_only_what_is_new_is_read_and_an_array_given_out_stays_as_it_is(run: Run) -> None:
    history = History(run)
    for step in range(1, 301):  # more than there is room for at first
        run.append_metrics(line(step, loss=float(step)))
    assert history.read()
    before = history.train["loss"]
    run.append_metrics(line(301, loss=7.0))
    assert history.read()
    assert before.tolist() == list(range(1, 301))
    assert history.train["loss"].tolist() == [*range(1, 301), 7.0]
    with pytest.raises(ValueError, match="read-only"):
        before[0] = 0


def test_a_resume_that_cuts_the_file_takes_back_what_followed_its_state(run: Run) -> None:
    history = History(run)
    for step in (1, 2, 3):
        run.append_metrics(line(step))
    history.read()
    run.cut_metrics(len(b'{"step": 1, "split": "train"}\n'))
    run.append_metrics(line(20))
    assert history.read()
    assert history.train["step"].tolist() == [1, 20]


def test_a_run_directory_that_is_gone_leaves_no_figures(run: Run) -> None:
    history = History(run)
    run.append_metrics(line(1))
    history.read()
    run.metrics_path.unlink()
    assert history.read()
    assert history.train.count == 0
    assert not history.read()


def test_a_torn_line_waits_for_its_end(run: Run) -> None:
    history = History(run)
    run.metrics_path.write_bytes(b'{"step": 1, "split": "train"}\n{"step": 2, "spl')
    history.read()
    assert history.train["step"].tolist() == [1]
    with run.metrics_path.open("ab") as file:
        file.write(b'it": "train"}\n')
    history.read()
    assert history.train["step"].tolist() == [1, 2]


values = st.none() | st.booleans() | st.floats() | st.text(max_size=3) | st.integers() | st.lists(st.integers())


@given(st.lists(st.dictionaries(st.text(max_size=3), values | st.dictionaries(st.text(max_size=2), values))))
@settings(max_examples=60, deadline=None)
def test_whatever_a_line_holds_every_column_is_as_long_as_the_others(rows: list[dict[str, Any]]) -> None:
    columns = Columns()
    for row in rows:
        columns.add(row)
    assert {len(column) for column in columns.values()} <= {len(rows)}
