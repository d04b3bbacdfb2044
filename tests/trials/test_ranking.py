"""The rule for noise: bounds, incumbent and promising candidates, on trials made by hand."""

import dataclasses
import math
import random

import numpy as np
import pytest
from scipy import stats

from actsearch.language import ActsearchError, parse
from actsearch.spaces import Genotype
from actsearch.trials import Trial
from actsearch.trials.ranking import best, incumbent, promising, rank

X = parse("x")


def trial(index, name, *scores, status="ok", fidelity=1.0, loss=None, first=None):
    """Returns a trial of the candidate `name`, with one training for each score."""
    extra = {} if loss is None else {"loss": loss}
    metrics = tuple({"score": score, **extra} for score in scores)
    return Trial(index, X, name, status, float(np.mean(scores)), metrics, first=first, fidelity=fidelity)


def names(ranked):
    return "".join(row.fingerprint for row in ranked)


def bounds(groups, confidence=0.95):
    """The formula of the docstring, written out with NumPy and scipy.stats."""
    freedom = sum(len(group) - 1 for group in groups)
    sigma = math.sqrt(sum(((np.array(group) - np.mean(group)) ** 2).sum() for group in groups) / freedom)
    by = [stats.t.ppf(confidence, freedom) * sigma / math.sqrt(len(group)) for group in groups]
    return [(np.mean(group) - b, np.mean(group) + b) for group, b in zip(groups, by, strict=True)]


class TestBounds:
    @pytest.mark.parametrize("confidence", [0.84, 0.95])
    def test_they_are_the_formula(self, confidence):
        groups = [[0.90, 0.93, 0.91], [0.80, 0.84], [0.95]]
        run = [trial(i, "abc"[i], *group) for i, group in enumerate(groups)]
        by_name = {row.fingerprint: row for row in rank(run, confidence)}
        for name, group, expected in zip("abc", groups, bounds(groups, confidence), strict=True):
            assert (by_name[name].low, by_name[name].high) == pytest.approx(expected, abs=1e-12)
            assert by_name[name].mean == pytest.approx(np.mean(group))
            assert (by_name[name].trainings, by_name[name].evaluations) == (len(group), 1)

    def test_repeats_count_as_seeds_of_one_trial_do(self):
        at_once = rank([trial(0, "a", 0.9, 0.93, 0.91), trial(1, "b", 0.8, 0.84)])
        first, again = (
            [trial(0, "a", 0.9), trial(1, "b", 0.8)],
            [trial(2, "a", 0.93, first=0), trial(3, "a", 0.91, first=0)],
        )
        apart = rank([*first, *again, trial(4, "b", 0.84, first=1)])
        for one, two in zip(at_once, apart, strict=True):
            assert (one.low, one.high, one.mean) == pytest.approx((two.low, two.high, two.mean))
            assert (one.first, one.trainings) == (two.first, two.trainings)
        assert [one.evaluations for one in apart] == [3, 2]

    def test_a_score_without_seeds_is_one_training(self):
        (one,) = rank([Trial(3, X, "a", "ok", 0.7)])
        assert (one.mean, one.trainings, one.loss) == (0.7, 1, math.inf)

    def test_without_a_second_training_nothing_is_known_of_the_noise_and_the_mean_decides(self):
        ranked = rank([trial(0, "a", 0.7), trial(1, "b", 0.9), trial(2, "c", 0.8)])
        assert names(ranked) == "bca"
        assert {(one.low, one.high) for one in ranked} == {(-math.inf, math.inf)}

    def test_exact_repeats_leave_no_doubt(self):
        ranked = rank([trial(0, "a", 0.75, 0.75), trial(1, "b", 0.5)])
        assert [(one.low, one.high) for one in ranked] == [(0.75, 0.75), (0.5, 0.5)]
        assert promising(ranked, 9, 9) == []

    @pytest.mark.parametrize("confidence", [0.5, 1.0, 95])
    def test_refuses(self, confidence):
        with pytest.raises(ValueError, match=f"confidence is one-sided, .*; received {confidence}"):
            rank([], confidence)

    def test_a_bound_holds_as_often_as_it_says(self):
        """Over made-up runs the lower bound of a candidate named beforehand is below its true score 95 times of 100."""
        rng = np.random.default_rng(0)
        held = []
        for _ in range(2000):
            run = [trial(i, str(i), *rng.normal(0.5, 0.1, size=2)) for i in range(3)]
            held.append(next(one.low for one in rank(run) if one.fingerprint == "0") < 0.5)
        assert abs(np.mean(held) - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 2000)


class TestIncumbent:
    def test_a_lucky_score_does_not_win(self):
        run = [trial(0, "a", 0.90, 0.92, 0.91, 0.91), trial(1, "b", 0.915)]
        assert incumbent(run).fingerprint == "a"
        assert incumbent(run[1:]).fingerprint == "b"

    def test_nor_does_a_steady_bad_one(self):
        assert incumbent([trial(0, "a", 0.70, 0.72, 0.71, 0.71), trial(1, "b", 0.9)]).fingerprint == "b"

    def test_ties_go_to_the_lower_loss_then_to_the_earlier(self):
        run = [
            trial(0, "a", 0.9, loss=0.3),
            trial(1, "b", 0.9, loss=0.2),
            trial(2, "c", 0.9),
            trial(3, "d", 0.9, loss=0.2),
        ]
        assert names(rank(run)) == "bdac"
        assert names(rank([trial(0, "a", 0.9, loss=math.nan), trial(1, "b", 0.9, loss=9.0)])) == "ba"

    def test_only_the_highest_fidelity_counts(self):
        run = [
            trial(0, "a", 0.99, fidelity=0.1),
            trial(1, "b", 0.5, fidelity=0.1),
            trial(2, "b", 0.6, fidelity=1.0, first=1),
        ]
        assert names(rank(run)) == "b"
        assert names(rank(run[::-1])) == "b"
        assert rank(run)[0].first == 1

    def test_a_divergence_at_the_highest_fidelity_alone_does_not_hide_the_lower_ones(self):
        run = [trial(0, "a", 0.9, fidelity=0.1), trial(1, "a", 0.0, status="diverged", fidelity=1.0, first=0)]
        assert names(rank(run)) == "a"

    def test_what_diverged_once_is_out(self):
        run = [trial(0, "a", 0.9), trial(1, "b", 0.5), trial(2, "a", 0.0, status="diverged", first=0)]
        run += [trial(3, "a", 0.9, first=0), trial(4, "c", 0.0, status="diverged")]
        assert names(rank(run)) == "b"
        assert rank(run)[0].low == -math.inf, "a fall to 0 is no noise"

    def test_what_was_not_trained_says_nothing(self):
        run = [
            Trial(0, X, "a", "rejected", gate="finite"),
            Trial(1, X, "a", "duplicate", 0.9, first=0),
            Trial(2, X, "a", "failed"),
            Trial(3, X, "a", "rejected", gate="quality"),
        ]
        assert incumbent(run) is None
        assert incumbent([]) is None

    def test_the_order_of_trials_does_not_matter(self):
        rng = random.Random(0)
        run = [trial(i, rng.choice("abcdef"), rng.random(), first=0 if i else None) for i in range(30)]
        assert rank(rng.sample(run, 30)) == rank(run)


class TestPromising:
    def test_those_that_may_be_best(self):
        run = [trial(0, "a", 0.90, 0.91, 0.89), trial(1, "b", 0.88), trial(2, "c", 0.5), trial(3, "d", 0.893, 0.905)]
        ranked = rank(run)
        chosen = promising(ranked, 9, most=4)
        assert names(chosen) == "dab"
        assert [one.high for one in chosen] == sorted((one.high for one in chosen), reverse=True)
        assert all(one.high > ranked[0].low for one in chosen)
        assert names(promising(ranked, 2, most=4)) == "da"
        assert promising(ranked, 0, most=4) == []

    def test_at_most_so_many_evaluations_each(self):
        run = [trial(0, "a", 0.9), trial(1, "a", 0.8, first=0), trial(2, "b", 0.85)]
        assert names(promising(rank(run), 9, most=2)) == "b"
        assert promising(rank(run), 9, most=1) == []

    def test_while_nothing_is_known_of_the_noise_the_best_come_first(self):
        assert names(promising(rank([trial(i, "abc"[i], s) for i, s in enumerate([0.7, 0.9, 0.8])]), 9, 4)) == "bca"

    def test_of_nothing(self):
        assert promising([], 3, 4) == []


def test_the_program_and_the_genotype_are_those_of_the_first_trial_that_counts():
    genotype = Genotype("swish-1", (0, 0, 0))
    run = [
        trial(0, "a", 0.9, fidelity=0.5),
        dataclasses.replace(trial(1, "a", 0.8, first=0), program=parse("x + x"), genotype=genotype),
    ]
    (row,) = rank(run)
    assert (str(row.program), row.genotype, row.first) == ("x + x", genotype, 0)


class TestBest:
    def test_by_score_then_loss_then_index_each_function_once(self):
        run = [
            trial(0, "a", 0.9),
            trial(1, "b", 0.9, loss=0.3),
            trial(2, "c", 0.9, loss=0.2),
            trial(3, "b", 0.9, loss=0.1, first=1),
            trial(4, "d", 0.95, status="diverged"),
        ]
        assert [row.index for row in best(run, 9)] == [3, 2, 0]
        assert [row.index for row in best(run, 1)] == [3]

    def test_only_the_highest_fidelity_counts(self):
        run = [trial(0, "a", 0.99, fidelity=0.1), trial(1, "b", 0.5, fidelity=0.1), trial(2, "b", 0.6, first=1)]
        assert [row.index for row in best(run, 9)] == [2]

    def test_a_negative_number_is_refused(self):
        with pytest.raises(ActsearchError, match="n must be at least 0; received -1"):
            best([], -1)
