"""Comparison of runs: which belong together, what a group is called, and what cannot be compared."""

import numpy as np
import pytest

from actsearch.analysis import compare_runs
from actsearch.language import ActsearchError
from tests.helpers.runs import HandMadeRun, old_run, run


def members(comparison):
    return {label: [run.name for run in group.runs] for label, group in comparison.groups.items()}


def test_runs_that_differ_in_the_seed_are_one_group_named_by_what_differs():
    def evolution(name, population, scores, seed=0):
        return run(name, scores, {"name": "evolution", "population": population, "sample": 5}, seed)

    runs = [run("a", [0.5, 0.6, 0.6]), run("b", [0.4, 0.5], seed=1)]
    runs += [evolution("c", 20, [0.1, 0.9]), evolution("d", 50, [0.1, 0.9]), evolution("e", 50, [0.1, 0.1], seed=1)]
    comparison = compare_runs(runs)
    assert (comparison.space, comparison.task) == ("swish-1", "digits")
    assert members(comparison) == {
        "random": ["a", "b"],
        "evolution, population=20": ["c"],
        "evolution, population=50": ["d", "e"],
    }
    assert (comparison.reference, comparison.threshold, comparison.budgets) == (0.9, 0.895, (1, 2))
    assert comparison.groups["random"].needed == [None, None]
    assert comparison.groups["evolution, population=50"].needed == [2, None]
    assert comparison.groups["evolution, population=50"].regret[1].estimate == pytest.approx(0.4)


def test_archives_of_format_1_are_grouped_in_the_same_way():
    runs = [old_run("a", [0.5]), old_run("b", [0.5], seed=1)]
    runs += [old_run(f"c{n}", [0.1], "evolution", options={"population": n, "sample": 5}) for n in (20, 50)]
    labels = {"random": ["a", "b"], "evolution, population=20": ["c20"], "evolution, population=50": ["c50"]}
    assert members(compare_runs(runs)) == labels


def test_runs_of_both_formats_can_be_compared():
    old = old_run("old", [0.5], "evolution", options={"population": 50})
    new = run("new", [0.6], {"name": "evolution", "population": 20})
    labels = ["evolution, population=50", "evolution, engine=interpret, population=20"]
    assert list(compare_runs([old, new]).groups) == labels


def test_a_wrapper_is_named_with_what_it_wraps():
    def ppo(name, entropy, share):
        return run(name, [0.5], {"name": "repeated", "share": share, "inner": {"name": "ppo", "entropy": entropy}})

    runs = [run("a", [0.5], {"name": "ppo", "entropy": 0.1}), ppo("b", 0.1, 0.1), ppo("c", 0.2, 0.1)]
    labels = ["ppo", "repeated(ppo), inner.entropy=0.1", "repeated(ppo), inner.entropy=0.2"]
    assert list(compare_runs(runs).groups) == labels


def test_settings_of_the_evaluator_tell_groups_apart_but_not_its_seeds():
    runs = [run("a", [0.5]), run("b", [0.5], seed=1), run("c", [0.5], engine="specialize")]
    labels = {"random, engine=interpret": ["a", "b"], "random, engine=specialize": ["c"]}
    assert members(compare_runs(runs)) == labels
    config = runs[0].config | {"evaluator": runs[0].config["evaluator"] | {"seeds": [0, 1]}}
    two_seeds = HandMadeRun("d", config, runs[0].outcomes)
    labels = {"random, seeds_per_trial=1": ["a", "b"], "random, seeds_per_trial=2": ["d"]}
    assert members(compare_runs([*runs[:2], two_seeds])) == labels


def test_runs_of_another_evaluator_are_named_by_its_kind():
    def mock(name, salt):
        config = run("", [0.5], seed=int(name)).config | {"evaluator": {"kind": "mock", "salt": salt}}
        return HandMadeRun(name, config, run("", [0.5]).outcomes)

    comparison = compare_runs([mock("0", 1), mock("1", 1), mock("2", 2)])
    assert comparison.where == "swish-1 on mock"
    assert members(comparison) == {"random, salt=1": ["0", "1"], "random, salt=2": ["2"]}


def test_searches_of_a_table_are_named_by_it():
    def tabular(name, digest):
        evaluator = {"kind": "tabular", "table": "tabular-swish1", "digest": digest, "seeds": [0]}
        return HandMadeRun(
            name, run("", [0.5], seed=int(name)).config | {"evaluator": evaluator}, run("", [0.5]).outcomes
        )

    assert compare_runs([tabular("0", "t"), tabular("1", "t")]).task == "tabular-swish1"
    with pytest.raises(ActsearchError, match="tabular-swish1 has other contents in 0 than in 1"):
        compare_runs([tabular("0", "t"), tabular("1", "u")])


def test_budgets_threshold_and_reference_can_be_given():
    rising = run("a", np.linspace(0, 0.9, 10))
    comparison = compare_runs([rising], budgets=[8, 2, 8], within=0.3, reference=1.0)
    assert comparison.budgets == (2, 8)
    assert [row.estimate for row in comparison.groups["random"].regret] == pytest.approx([0.9, 0.3])
    assert comparison.groups["random"].needed == [8]  # 0.7, which the sum 1.0 - 0.3 misses by a rounding error
    assert compare_runs([rising]).budgets == (1, 3, 5, 10)


@pytest.mark.parametrize(
    ("runs", "options", "said"),
    [
        ([], {}, "at least one run; received none"),
        (
            [run("a", [1]), run("b", [1], tasks={"mnist": "t", "cifar": "t"})],
            {},
            r"different tasks .*: a is on digits and b on mnist\+cifar",
        ),
        ([run("a", [1]), old_run("b", [1], task="mnist")], {}, "different tasks .*: a is on digits and b on mnist"),
        ([run("a", [1]), run("b", [1], tasks={"digits": "u"})], {}, "tasks .*: digits has other contents in a than in"),
        ([run("a", [1]), run("b", [1], space="swish-2")], {}, "different spaces .*: a is on swish-1 and b on swish-2"),
        ([run("a", [1]), run("b", [1], digest="u")], {}, "different spaces .*: swish-1 has other contents in a than"),
        ([run("a", [1]), run("b", [1])], {}, "a and b are the same run"),
        ([run("a", [])], {}, "a has no trials yet"),
        ([run("a", [1])], {"budgets": [0]}, r"received \[0\]"),
        ([run("a", [1])], {"within": float("nan")}, "received .* nan"),
        ([run("a", [1])], {"reference": float("inf")}, "A reference is a score; received inf"),
    ],
)
def test_what_cannot_be_compared(runs, options, said):
    with pytest.raises(ActsearchError, match=said):
        compare_runs(runs, **options)
