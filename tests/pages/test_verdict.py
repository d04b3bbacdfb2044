"""The verdict: a finding has all its intervals above 0, a published unit is none, and nothing is said as plainly."""

import pytest

from actsearch.analysis import Scores, verified
from actsearch.archive import Archive, open_run
from actsearch.language import parse
from actsearch.pages.material import Material, Verified
from actsearch.pages.verdict import verdict
from actsearch.trials import Trial

RELU, TANH, NEW = parse("relu(x)"), parse("tanh(x)"), parse("x * erf(x)")
LOW, MIDDLE, HIGH = (0.90, 0.92, 0.91, 0.92), (0.91, 0.92, 0.92, 0.92), (0.95, 0.97, 0.96, 0.98)


def material(*rows, seeds=(1, 2, 3, 4)):
    return Material((), (Verified("verification", verified(rows, seeds), {}),))


def test_a_finding_beats_every_baseline_of_its_task():
    rows = [Scores("a", RELU, True, LOW), Scores("a", TANH, True, MIDDLE), Scores("a", NEW, False, HIGH)]
    said = verdict(material(*rows), lambda program: ())
    assert (said.state, said.headline) == ("found", "1 of 1 new function beat every baseline on the task.")
    assert [one.baseline for one in said.findings[0].differences] == ["relu(x)", "tanh(x)"]
    assert "4 fresh seeds, test data, a; intervals hold at 95% for all 3 comparisons at once" in said.remarks[0]


def test_above_one_baseline_of_two_is_not_enough():
    rows = [Scores("a", RELU, True, LOW), Scores("a", TANH, True, HIGH), Scores("a", NEW, False, HIGH)]
    said = verdict(material(*rows), lambda program: ())
    assert said.headline == "Nothing beat the baselines: 1 new function on 1 task, and none above every baseline."
    assert not said.findings


def test_a_published_unit_is_no_finding():
    rows = [Scores("a", RELU, True, LOW), Scores("a", NEW, False, HIGH)]
    said = verdict(material(*rows), lambda program: ("known",) if program == NEW else ())
    assert (said.state, said.findings) == ("none", ())
    assert "Only published functions" in said.headline


def test_an_interval_of_its_own_above_0_is_not_enough():
    rows = [
        Scores("a", RELU, True, LOW[:2]),
        Scores("a", NEW, False, (0.93, 0.97)),
        Scores("a", TANH, False, LOW[1::-1]),
    ]
    two = material(*rows, seeds=(1, 2))
    own, together = two.verified[0].result.rows[1].differences[0][1:3]
    assert own.low > 0 > together.low
    assert verdict(two, lambda program: ()).state == "none"


def test_the_best_published_function_is_named_where_it_is_no_baseline():
    rows = [Scores("a", RELU, True, LOW), Scores("a", TANH, False, HIGH), Scores("a", NEW, False, MIDDLE)]
    said = verdict(material(*rows), lambda program: ("tanh",) if program == TANH else ())
    assert said.remarks[0].endswith("The best published function is tanh, with 0 new ones above it on average.")


def test_one_seed_proves_nothing():
    rows = [Scores("a", RELU, True, LOW[:1]), Scores("a", NEW, False, HIGH[:1])]
    said = verdict(material(*rows, seeds=(1,)), lambda program: ())
    assert said.state == "none"
    assert said.remarks[-1].startswith("One seed says nothing")


@pytest.mark.parametrize(
    ("trials", "state", "words"),
    [
        ([], "empty", "No candidate"),
        ([Trial(0, RELU, "", "failed")], "empty", "None of 1"),
        ([Trial(0, RELU, "a", "ok", 0.9)], "unverified", "Nothing is verified yet."),
    ],
    ids=["no trials", "failures", "scores"],
)
def test_without_a_verification(tmp_path, trials, state, words):
    with Archive.write(tmp_path, {}) as archive:
        archive.append(trials)
    said = verdict(Material((open_run(tmp_path),), ()), lambda program: ())
    assert said.state == state
    assert said.headline.startswith(words)


def test_the_command_that_verifies_names_directories_as_a_shell_reads_them(tmp_path):
    with Archive.write(tmp_path / "my run", {}) as archive:
        archive.append([Trial(0, RELU, "a", "ok", 0.9)])
    said = verdict(Material((open_run(tmp_path / "my run"),), ()), lambda program: ())
    assert said.remarks[-1].endswith(f"actsearch verify '{tmp_path}/my run'")
