"""Every notebook runs from top to bottom on a small archive, and is committed without outputs.

The one about layers reads the committed results; until there are any, made-up ones of the same form.
"""

import json
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

import actsearch
from actsearch.analysis.funnel import best
from actsearch.analysis.statistics import false_reject
from actsearch.archive.frames import to_parquet
from actsearch.catalog import LAYER_BASELINES
from actsearch.spaces import get_space
from actsearch.tasks import ANCHORS
from actsearch.trials.trial import Trial
from tests.helpers import killed_search

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LAYER_RESULTS = ROOT / "experiments" / "results" / "evonorm_digits"
GATES = ("rejected:input", "rejected:input", "rejected:quality", "rejected:stability", "ok", "ok", "diverged")


@pytest.fixture(scope="session")
def small_run(tmp_path_factory):
    directory = tmp_path_factory.mktemp("run")
    killed_search.run(directory, budget=48)
    return directory


@pytest.fixture(scope="session")
def layer_results(tmp_path_factory):
    """The committed results of experiments/evonorm_digits.py, or what stands in for them."""
    return LAYER_RESULTS if LAYER_RESULTS.exists() else make_up(tmp_path_factory.mktemp("layers"))


def make_up(directory):
    """Writes trials and a verification in the form of experiments/evonorm_digits.py, with numbers by chance."""
    rng = np.random.default_rng(0)
    evolved, drawn = made_up_trials(96, rng, breeds=True), made_up_trials(160, rng, breeds=False)
    to_parquet(evolved, directory / "evolution.parquet")
    to_parquet(drawn, directory / "random.parquet")
    origins = dict.fromkeys(LAYER_BASELINES, "published")
    for search, trials, count in (("evolution", evolved, 10), ("random", drawn, 3)):
        programs = [actsearch.simplify(trial.program) for trial in best(trials, count)]
        origins |= {f"{search} #{rank}": str(program) for rank, program in enumerate(programs, 1)}
    scores = {size: {name: list(rng.uniform(0.5, 0.99, 5)) for name in origins} for size in (64, 16, 4)}
    rejects = {"input": false_reject([0.1] * 5, [0.9] * 9), "stability": false_reject([], [0.9] * 9)}
    record = {
        "origins": origins,
        "seeds": list(range(100, 105)),
        "scores": scores,
        "searches": {"evolution": 96, "random": 96, "random, equal seconds": 160},
        "audit": {gate: row._asdict() for gate, row in rejects.items()},
        "wall_seconds": 1200,
    }
    (directory / "verification.json").write_text(json.dumps(record))
    return directory


def made_up_trials(count, rng, breeds):
    space, trials = get_space("evonorm-b"), []
    for index in range(count):
        accepted = [trial for trial in trials if trial.status == "ok"]
        bred = breeds and accepted and index % 2
        parent = accepted[rng.integers(len(accepted))] if bred else None
        program = space.mutate(parent.program, rng) if parent else space.sample(rng)
        status = GATES[index % len(GATES)]
        trained = status in ("ok", "diverged")
        each = {f"{name}/score": float(rng.uniform(0.2, 0.99)) * (status == "ok") for name in ANCHORS}
        score = sum(each.values()) / len(each)
        metrics = ({"score": score} | each,) if trained else ()
        parents = (parent.index,) if parent else ()
        made = (index, program, f"{index:032x}", status, score if trained else None, metrics, (0,) * trained, parents)
        trials.append(Trial(*made, seconds=float(rng.uniform(0.1, 2.0))))
    return trials


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs(path, small_run, layer_results, monkeypatch):
    monkeypatch.setenv("ACTSEARCH_RUN", str(small_run))
    monkeypatch.setenv("ACTSEARCH_LAYERS", str(layer_results))
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(path.parent)}})
    client.execute()  # raises CellExecutionError with the traceback of the cell that fails
    drawn = [output for cell in notebook.cells for output in cell.get("outputs", []) if "image/png" in str(output)]
    assert drawn, "a notebook shows at least one picture"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_is_committed_without_outputs(path):
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert cells
    assert all(not cell.outputs and cell.execution_count is None for cell in cells)
