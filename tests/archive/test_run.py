"""open_run: a run's contents, read when they are asked for."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from actsearch.archive import Archive, ArchiveError, open_run
from actsearch.language import parse
from actsearch.trials import Trial
from actsearch.trials.ranking import best, incumbent

CONFIG = {"space": "swish-1", "seed": 0}
TEXTS = ("x * sigmoid(x)", "max(x, 0)", "tanh(x)")


def trials(count, start=0):
    return [
        Trial(i, parse(TEXTS[i % 3]), f"{i % 7:x}", "ok", (i * 37 % 11) / 11, ({"score": (i * 37 % 11) / 11},), (i,))
        for i in range(start, start + count)
    ]


@pytest.fixture
def directory(tmp_path):
    with Archive.write(tmp_path / "evolution-0", CONFIG) as archive:
        archive.append(trials(20))
    return tmp_path / "evolution-0"


def test_it_holds_what_the_archive_holds(directory):
    run = open_run(directory)
    assert (run.name, run.config, len(run)) == ("evolution-0", CONFIG, 20)
    assert run.info["python"]
    assert run.trials == trials(20)
    assert run.best(4) == best(trials(20), 4)
    assert run.incumbent == incumbent(trials(20))
    assert run.to_pandas()["program"].tolist() == [str(trial.program) for trial in trials(20)]
    assert str(directory) in repr(run)


def test_outcomes_are_the_trials_without_programs(directory):
    run = open_run(directory)
    for outcome, trial in zip(run.outcomes, run.trials, strict=True):
        for name, value in outcome._asdict().items():
            assert value == getattr(trial, name)


def test_the_name_is_that_of_the_directory_however_it_is_written(directory, monkeypatch):
    monkeypatch.chdir(directory)
    assert open_run(".").name == "evolution-0"


def test_it_reads_beside_the_writer(directory):
    with Archive.write(directory, CONFIG) as archive:
        archive.append(trials(5, start=20))
        run = open_run(directory)
        assert len(run.trials) == 25
        archive.append(trials(5, start=25))
        assert (len(run.trials), len(run), len(open_run(directory).trials)) == (25, 30, 30)
        assert len(run.outcomes) == 25


def test_a_run_of_no_trials(tmp_path):
    Archive.write(tmp_path, {}).close()
    run = open_run(tmp_path)
    assert (run.trials, run.outcomes, run.best(3), run.incumbent, len(run)) == ([], [], [], None, 0)


def test_no_archive(tmp_path):
    with pytest.raises(ArchiveError, match="no archive at"):
        open_run(tmp_path)


def test_nothing_is_read_that_was_not_asked_for(directory):
    run = open_run(directory)
    run.best(1)
    assert not {"trials", "outcomes", "incumbent"} & vars(run).keys()


def test_pandas_is_imported_where_it_is_used():
    code = "import sys, actsearch.archive, actsearch.archive.frames; print({'pandas', 'pyarrow'} & sys.modules.keys())"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    assert subprocess.check_output([sys.executable, "-c", code], env=environment, text=True) == "set()\n"
