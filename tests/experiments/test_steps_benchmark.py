"""The benchmark of a step: PyTorch's networks are those of the tasks, and the targets are read from the times."""

import dataclasses
import json

import numpy as np
import pytest

from actsearch.evaluation import Job, Trainer
from actsearch.tasks import get_task
from experiments.benchmarks import steps, steps_tables

ROW = {
    "task": "digits-mlp",
    "kind": "activation",
    "steps": 10,
    "sites": 2,
    "programs": ["x", "sin(x)", "x * x"],
    "first_calls": {"interpreted 0": 7.0},
    "seconds": {
        "relu": [0.5, 0.1],
        "specialised 0": [0.2, 0.3],
        "interpreted 0": [0.9, 0.3],
        "specialised 1": [1.0, 1.0],
        "interpreted 1": [1.0, 2.0],
        "specialised 2": [1.0, 1.0],
        "interpreted 2": [1.2, 1.1],
        "eager": [0.4, 0.5],
        "compiled": [0.25, 0.2],
    },
}


def test_figures_are_ratios_of_minima():
    figures = steps_tables.ratios(ROW)
    assert figures == pytest.approx({"interpreted / specialised": 1.1, "relu / eager": 0.25, "relu / compiled": 0.5})
    assert steps_tables.milliseconds(ROW)["interpreted"] == pytest.approx(100)


def test_targets_differ_by_kind_of_network():
    met = {row["name"]: row["met"] for row in steps_tables.targets_of([ROW], [ROW])}
    assert list(met.values()) == [False, True, True]
    layer = ROW | {"task": "digits-resnet-layer", "kind": "layer"}
    assert [row["limit"] for row in steps_tables.targets_of([layer], [])] == ["<= 1.4", "<= 1", "<= 8"]


def test_the_page_has_a_line_for_each_task():
    deep = {"task": "digits-deep-mlp", "sites": 8, "first_calls": {"interpreted 0": 7.25}}
    *_, row, last = steps_tables.page_lines([ROW], [deep])
    assert row == "| `digits-mlp` (2) | 10 | 100 | 100 | 40 | 20 | 1.1 | 0.25 |  | 7.0 s |"
    assert last == "| `digits-deep-mlp` (8) |  |  |  |  |  |  |  |  | 7.2 s |"


def test_without_pytorch_its_columns_are_empty():
    alone = {name: seconds for name, seconds in ROW["seconds"].items() if name not in ("eager", "compiled")}
    figures = steps_tables.ratios(ROW | {"seconds": alone})
    assert (figures["relu / eager"], figures["relu / compiled"]) == (None, None)
    assert len(steps_tables.targets_of([ROW | {"seconds": alone}], [])) == 2


def test_a_shortened_task_is_the_task_on_few_steps():
    task = get_task("digits-resnet-layer")
    short = steps.shortened(task, 3)
    assert (short.steps, short.quality, short.network) == (3, None, task.network)
    assert len(short.data().validation.labels) == 1
    assert len(short.data().train.labels) == len(task.data().train.labels)


@pytest.mark.parametrize("name", ["mnist1d-mlp", "text-ffn"])
def test_rates_are_the_recipes(name):
    """Of one step each: what the optimizer does with a gradient of ones, by Adam's rule the rate itself."""
    task = dataclasses.replace(get_task(name), steps=20)
    recipe = dataclasses.replace(task.recipe, weight_decay=0.0)
    optimizer = recipe.optimizer(20)
    state, moves = optimizer.init(np.zeros(1, np.float32)), []
    for _ in range(20):
        update, state = optimizer.update(np.ones(1, np.float32), state, np.zeros(1, np.float32))
        moves.append(-float(update[0]))
    np.testing.assert_allclose(steps.rates(task), moves, rtol=1e-3, atol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(steps.STEPS))
def test_pytorch_trains_the_same_network(name):
    """One number of parameters, and from the same weights and batches one loss after ten steps."""
    pytest.importorskip("torch")
    from experiments.benchmarks.torch_steps import Training

    task = steps.shortened(get_task(name), 10)
    peer = Training(steps.torch_work(task))
    assert peer.parameters == steps.parameters_of(task)
    (outcome,) = Trainer.specialized(task, task.baseline)([Job((), 0)])
    assert peer.run("eager")[1] == pytest.approx(outcome.train_loss, rel=1e-3)


@pytest.mark.slow
def test_writes_what_it_prints(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(steps, "use_one_core", lambda: None)
    monkeypatch.setitem(steps.STEPS, "digits-mlp", 3)
    out = tmp_path / "new" / "steps.json"
    steps.main(("digits-mlp",), (), candidates=1, rounds=1, torch=False, out=out)
    record = json.loads(out.read_text())
    (row,) = record["tasks"]
    assert row["seconds"].keys() == {"relu", "specialised 0", "interpreted 0"}
    assert row["losses"]["specialised 0"] == pytest.approx(row["losses"]["interpreted 0"], rel=1e-3)
    shown = capsys.readouterr().out
    assert all(target["name"] in shown for target in record["targets"])
