"""Archives of format 1, two of which are kept as the code of their time wrote them: they open and are not changed."""

import gzip
import json
import math
from pathlib import Path

import pytest

from actsearch.archive import Archive, ArchiveError, check, open_run
from actsearch.archive.format1 import convert, convert_config
from actsearch.archive.frames import read_parquet
from actsearch.archive.sqlite import FILE
from actsearch.language import parse
from actsearch.spaces import Genotype, get_space
from actsearch.trials import Status

DATA = Path(__file__).parent / "data"
NAMES = ("tabular", "halving")
TASKS = {"tabular": ["tabular-swish1-digits-resnet"], "halving": ["digits-a", "digits-b"]}


def stored(name):
    """What the archive holds, as the code that wrote it read it back."""
    return json.loads(gzip.decompress((DATA / f"format1-{name}.json.gz").read_bytes()))


@pytest.fixture
def directory(request, tmp_path):
    (tmp_path / FILE).write_bytes(gzip.decompress((DATA / f"format1-{request.param}.sqlite.gz").read_bytes()))
    return tmp_path


every = pytest.mark.parametrize(
    ("name", "directory"), [(name, name) for name in NAMES], indirect=["directory"], ids=NAMES
)


@every
def test_every_trial_is_read(name, directory):
    old = stored(name)
    trials = open_run(directory).trials
    assert len(trials) == len(old["trials"]) == check(directory)
    for trial, row in zip(trials, old["trials"], strict=True):
        assert trial.stage == row["status"]
        assert str(trial.program) == row["program"]
        assert trial.program == parse(row["program"])
        assert trial.genotype == Genotype(old["config"]["space"], tuple(row["choices"]))
        assert [dict(metrics) for metrics in trial.metrics] == row["metrics"]
        assert (trial.index, trial.first, trial.score) == (row["index"], row["duplicate_of"], row["score"])
        assert (list(trial.seeds), list(trial.parents)) == (row["seeds"], row["parents"])
        assert (trial.fingerprint, trial.seconds, trial.note) == (row["fingerprint"], row["seconds"], row["note"])


@every
def test_objectives_are_scores_on_each_task(name, directory):
    for trial in open_run(directory).trials:
        assert list(trial.objectives) == (TASKS[name] if trial.trained else [])
        if trial.status is Status.OK:
            assert sum(trial.objectives.values()) / len(trial.objectives) == pytest.approx(trial.score)


@pytest.mark.parametrize("directory", ["tabular"], indirect=True)
def test_repeats_are_counted(directory):
    space = get_space("swish-1")
    trials = open_run(directory).trials
    assert {trial.repeat for trial in trials if trial.retrained} == {1}
    assert {trial.repeat for trial in trials if not trial.retrained} == {0}
    assert {trial.fidelity for trial in trials} == {1.0}
    assert all(space.decode(trial.genotype) == trial.program for trial in trials)


@pytest.mark.parametrize("directory", ["halving"], indirect=True)
def test_steps_become_fidelities(directory):
    trials = open_run(directory).trials
    for trial in trials:
        assert trial.fidelity == (trial.metrics[0]["steps"] / 36 if trial.trained else 1.0)
    assert {trial.fidelity for trial in trials if trial.trained} == {4 / 36, 12 / 36, 1.0}
    evaluated = [(trial.first_index, trial.repeat, trial.fidelity) for trial in trials if trial.trained]
    assert len(set(evaluated)) == len(evaluated)
    assert {trial.gate for trial in trials if trial.status is Status.REJECTED} == {"finite"}


@every
def test_the_best_and_the_columns_are_there(name, directory):
    run = open_run(directory)
    winners = run.best(3)
    full = [trial for trial in run.trials if trial.status is Status.OK and trial.fidelity == 1.0]
    assert winners[0].score == max(trial.score for trial in full)
    assert [outcome.score for outcome in run.outcomes] == [trial.score for trial in run.trials]


@every
def test_the_configuration_has_the_names_of_today(name, directory):
    old, config = stored(name)["config"], open_run(directory).config
    assert config == convert_config(old)
    assert (config["space"], config["seed"]) == (old["space"], old["seed"])
    assert config["controller"]["name"] == "repeated"
    evaluator = config["evaluator"]
    assert [evaluator["table"]] if name == "tabular" else list(evaluator["tasks"]) == TASKS[name]


def test_wrappers_nest_as_they_did():
    config = convert_config(stored("halving")["config"])
    assert config["controller"] == {
        "name": "repeated",
        "share": 0.2,
        "most": 4,
        "inner": {"name": "successive_halving", "rungs": 3, "eta": 3, "inner": {"name": "random"}},
    }
    assert config["evaluator"]["seeds"] == [0]
    assert convert_config({"rate": 1}) == {"rate": 1}


@every
def test_it_is_not_appended_to(name, directory):
    before = (directory / FILE).read_bytes()
    with pytest.raises(ArchiveError, match=r"has format 1, which is read and no longer appended to\. Choose another"):
        Archive.write(directory, stored(name)["config"])
    with Archive.read(directory) as archive, pytest.raises(ArchiveError, match="open for reading"):
        archive.append([])
    assert (directory / FILE).read_bytes() == before
    assert {path.name for path in directory.iterdir()} <= {FILE, "archive.lock"}


@every
def test_a_changed_digit_is_damage(name, directory):
    whole = (directory / FILE).read_bytes()
    (directory / FILE).write_bytes(whole.replace(b'"score": 0.', b'"score": 1.', 1))
    with pytest.raises(ArchiveError, match="damaged: the row of"):
        Archive.read(directory)


def test_a_metric_that_is_not_a_number_is_no_objective_lost():
    record = {
        "index": 0,
        "program": "x",
        "choices": [1],
        "fingerprint": "a",
        "status": "diverged",
        "score": 0.0,
        "metrics": [{"a/score": 0.5, "b/score": math.nan}, {"a/score": 0.7, "b/score": 0.1}],
        "seeds": [0, 1],
        "parents": [],
        "duplicate_of": None,
        "seconds": 0.0,
        "note": "",
    }
    (row,) = convert([record], None, ["a", "b"])
    assert row["objectives"]["a"] == pytest.approx(0.6)
    assert math.isnan(row["objectives"]["b"])
    assert (row["space"], row["choices"]) == (None, None)


def test_an_old_parquet_file_is_read():
    old = stored("tabular")["trials"][:80]
    trials = read_parquet(DATA / "format1.parquet", space="swish-1")
    assert [(trial.stage, trial.score, trial.first) for trial in trials] == [
        (row["status"], row["score"], row["duplicate_of"]) for row in old
    ]
    assert [trial.genotype.choices for trial in trials] == [tuple(row["choices"]) for row in old]
    assert [[dict(metrics) for metrics in trial.metrics] for trial in trials] == [row["metrics"] for row in old]
    # Choices of an unknown space mean nothing.
    assert {trial.genotype for trial in read_parquet(DATA / "format1.parquet")} == {None}
