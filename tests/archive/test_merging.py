"""Runs merged: every trial once, whatever names another follows, and what two runs trained alike counts once."""

import dataclasses

import pytest

from actsearch import parse, search
from actsearch.archive import Archive, ArchiveError, check, merge, open_run
from actsearch.cli import main
from actsearch.trials import Trial
from actsearch.trials.ranking import rank
from tests.helpers.mock import MockEvaluator

SPACE = "swish-1"
RELU, SINE = parse("relu(x)"), parse("sin(x)")


def written(folder, trials, **config):
    with Archive.write(folder, {"space": "s", "evaluator": {"kind": "mock", "seeds": [0]}, **config}) as archive:
        archive.append(trials)
    return folder


def trained(index, program, score, seed=0, **facts):
    return Trial(index, program, str(program), "ok", score, ({"score": score},), (seed,), **facts)


def merged(tmp_path, *runs):
    folders = [written(tmp_path / str(number), trials, seed=number) for number, trials in enumerate(runs)]
    assert merge(folders, tmp_path / "all") == sum(map(len, runs)) == check(tmp_path / "all")
    return open_run(tmp_path / "all").trials


def test_searches_of_several_processes(tmp_path):
    """Each trial is there, under its new index; the ranking is that of all of them together."""
    runs = [search(SPACE, MockEvaluator(), "evolution", 150, seed=seed, out=tmp_path / str(seed)) for seed in (0, 1)]
    merge([result.out for result in runs], tmp_path / "all")
    trials = open_run(tmp_path / "all").trials
    both = runs[0].trials + runs[1].trials
    assert [trial.index for trial in trials] == list(range(300))
    assert [(trial.program, trial.genotype, trial.score) for trial in trials] == [
        (trial.program, trial.genotype, trial.score) for trial in both
    ]
    assert all(trials[150 + i].parents == tuple(150 + p for p in both[150 + i].parents) for i in range(150))
    assert all(trials[t.first].fingerprint == t.fingerprint for t in trials if t.first is not None)
    assert len({t.fingerprint for t in trials if t.status == "ok"}) == sum(t.status == "ok" for t in trials)
    config = open_run(tmp_path / "all").config
    assert [run["trials"] for run in config["merged"]] == [150, 150]
    assert (config["space"], config["controller"]) == (SPACE, {"name": "merged"})


def test_the_same_training_counts_once(tmp_path):
    one, two = merged(tmp_path, [trained(0, RELU, 0.9)], [trained(0, RELU, 0.9)])
    assert (str(two.status), two.score, two.first, two.metrics, two.seeds) == ("duplicate", 0.9, 0, (), ())
    assert [row.trainings for row in rank([one, two])] == [1]


def test_other_seeds_are_more_trainings(tmp_path):
    trials = merged(tmp_path, [trained(0, RELU, 0.9)], [trained(0, SINE, 0.5, 1), trained(1, RELU, 0.8, 1)])
    assert [trial.first for trial in trials] == [None, None, 0]
    assert [(row.trainings, round(row.mean, 2)) for row in rank(trials)] == [(2, 0.85), (1, 0.5)]


def test_short_and_full_trainings_are_two(tmp_path):
    trials = merged(tmp_path, [trained(0, RELU, 0.9, fidelity=0.5)], [trained(0, RELU, 0.95)])
    assert [(str(trial.status), trial.first) for trial in trials] == [("ok", None), ("ok", 0)]


def test_rejects_and_failures_stay_what_they_are(tmp_path):
    reject = Trial(0, RELU, "r", "rejected", gate="finite")
    failed = Trial(1, SINE, "", "failed", note="its worker died")
    run = [reject, failed]
    trials = merged(tmp_path, run, run)
    assert trials == [*run, *(dataclasses.replace(trial, index=trial.index + 2) for trial in run)]


def test_a_repeat_that_failed_names_the_trial_of_its_own_run(tmp_path):
    failed = Trial(1, RELU, str(RELU), "failed", parents=(0,), first=0, repeat=1, note="its worker died")
    trials = merged(tmp_path, [trained(0, SINE, 0.5)], [trained(0, RELU, 0.9, 1), failed])
    assert (trials[2].first, trials[2].parents) == (1, (1,))


def test_one_stopped_in_training_after_it_was_trained_elsewhere(tmp_path):
    """As in one run, where a repeat that fails a gate takes the candidate out of the ranking."""
    stopped = Trial(0, RELU, str(RELU), "rejected", seeds=(1,), gate="quality")
    trials = merged(tmp_path, [trained(0, RELU, 0.9)], [stopped])
    assert trials[1].first == 0
    assert rank(trials) == []


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), "at least two runs"),
        (("0",), "at least two"),
        (("0", "0"), "none of them twice"),
        (("0", "9"), "no archive"),
    ],
)
def test_too_few_or_none(tmp_path, names, message):
    written(tmp_path / "0", [trained(0, RELU, 0.9)])
    with pytest.raises(ArchiveError, match=message):
        merge([tmp_path / name for name in names], tmp_path / "all")
    assert not (tmp_path / "all").exists()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"space": "t"}, "space is"),
        ({"evaluator": {"kind": "mock", "engine": "bank", "seeds": [3]}}, "evaluator.engine"),
    ],
)
def test_runs_of_different_searches(tmp_path, config, message):
    folders = [written(tmp_path / "a", []), written(tmp_path / "b", [], **config)]
    with pytest.raises(ArchiveError, match=rf"different searches: {message}"):
        merge(folders, tmp_path / "all")


def test_nothing_is_added_to_an_archive(tmp_path):
    folders = [written(tmp_path / name, []) for name in "abc"]
    with pytest.raises(ArchiveError, match="holds an archive already"):
        merge(folders[:2], folders[2])


def test_the_command(tmp_path, capsys):
    folders = [written(tmp_path / name, [trained(0, RELU, 0.9, seed)]) for seed, name in enumerate("ab")]
    assert main(["merge", *map(str, folders), "--out", str(tmp_path / "all")]) == 0
    assert capsys.readouterr().out == f"2 trials of 2 runs: {tmp_path / 'all'}\n"
    assert main(["merge", str(folders[0]), "--out", str(tmp_path / "other")]) == 2
    assert "at least two runs" in capsys.readouterr().err
