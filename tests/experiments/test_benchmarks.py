"""The benchmark script runs from start to end on tiny counts; no timing is asserted."""

import dataclasses
import io
import json

import pytest
from rich.console import Console

from actsearch.nn import MLPConfig
from actsearch.spaces import custom
from actsearch.tasks import get_task
from tests.helpers import scripts


@pytest.fixture(scope="module")
def bench():
    return scripts.load("benchmarks/engine.py")


@pytest.fixture(scope="module")
def small_task():
    task = get_task("digits-mlp")
    return dataclasses.replace(
        task,
        steps=3,
        network=MLPConfig((64, 8, 10)),
    )


def test_writes_what_it_prints(bench, small_task, tmp_path):
    space = custom(unary=["x", "relu", "beta * x"], binary=["*", "max"])
    counts = {"candidates": 2, "rounds": 2, "search_candidates": 5, "flax_candidates": 1, "torch_candidates": 0}
    settings = bench.Settings(**counts, out=tmp_path / "new" / "engine.json")
    out = io.StringIO()
    bench.run(small_task, space, settings, Console(file=out, width=160))
    report = json.loads(settings.out.read_text())
    assert {"date", "machine", "versions", "programs", "times", "targets"} <= report.keys()
    assert len(report["programs"]) == 2
    compilations = {t["name"]: t["figure"] for t in report["targets"] if t["name"].startswith("compilations")}
    assert len(compilations) == 5
    assert set(compilations.values()) == {1}
    one = report["times"]["one_device"]
    assert [len(row) for row in one["interpreted"] + one["specialised"]] == [2] * 4
    assert one["accuracy_interpreted"] == pytest.approx(one["accuracy_specialised"], abs=0.01)
    assert report["times"]["flax"]["accuracy"] == pytest.approx(one["accuracy_specialised"][:1], abs=0.01)
    for target in report["targets"]:
        assert target["name"] in out.getvalue()


def test_an_absent_pytorch_is_one_line(bench, small_task, tmp_path, monkeypatch):
    monkeypatch.setattr(bench.importlib.util, "find_spec", lambda name: None)
    measured = {"interpreted": [[1.0]], "specialised": [[1.0]], "specialised_first": [1.0], "interpreted_first": 1.0}
    measured |= {"accuracy_interpreted": [0.5], "accuracy_specialised": [0.5], "diverged": 0, "compilations": {"1": 1}}
    batch = {"devices": 2, "candidates": 2, "batch": 1, "first_batch_with_compilation": 2.0, "from_nothing": 3.0}
    batch |= {
        "batch_one_device": [1.0],
        "batch_all_devices": [0.5],
        "compilations": {"1": 1},
        "compilations_one_device": {},
    }
    monkeypatch.setattr(bench, "measure_one_device", lambda *_: (None, measured))
    monkeypatch.setattr(bench, "measure_all_devices", lambda *_: batch)
    counts = {"candidates": 1, "search_candidates": 2, "flax_candidates": 0, "torch_candidates": 1}
    settings = bench.Settings(**counts, out=tmp_path / "engine.json")
    out = io.StringIO()
    report = bench.run(small_task, custom(["x", "relu"], ["*", "+"]), settings, Console(file=out, width=160))
    assert out.getvalue().count(bench.TORCH_MISSING) == 1
    assert "torch" not in report["times"]
    figures = {target["name"]: (target["figure"], target["met"]) for target in report["targets"]}
    assert figures["interpreted / specialised and warm, time per candidate"] == (1.0, True)
    assert figures["speed-up of 2 devices over 1, same batch"] == (2.0, None)


def test_too_few_functions_is_the_users_mistake(bench):
    with pytest.raises(ValueError, match="ask for fewer"):
        bench.draw(custom(["x"], ["*"]), count=2, seed=0)


def test_pytorchs_table_covers_the_published_space(bench):
    pytest.importorskip("torch")
    assert all(bench.torch_covers(program) for program in bench.swish().enumerate())


def test_pytorchs_primitives_equal_ours(bench):
    torch = pytest.importorskip("torch")
    import numpy as np

    from actsearch.language import PRIMITIVES

    a, b = np.float32([-2.1, -0.7, 0.3, 1.9]), np.float32([1.2, -0.4, 0.8, -1.5])
    for name, function in bench.torch_table().items():
        operands = (np.abs(a) if name == "sqrt" else a, b, np.float32([0.73] * 4))[: PRIMITIVES[name].arity]
        expected = PRIMITIVES[name].function(*operands)
        np.testing.assert_allclose(function(*map(torch.from_numpy, operands)), expected, rtol=2e-5, err_msg=name)
