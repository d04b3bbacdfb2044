"""The rule for noise: bounds, incumbent and promising candidates, on trials made by hand."""

import math
import random

import numpy as np
import pytest
from scipy import stats

from actsearch.language import parse
from actsearch.spaces import swish
from actsearch.trials.ranking import (
    added,
    blank,
    evidence,
    first_index,
    incumbent,
    length,
    noted,
    promising,
    ranked,
    recalled,
    retrained,
)
from actsearch.trials.trial import Trial

X = parse("x")


def trial(index, name, *scores, status="ok", steps=None, loss=None, of=None):
    """A trial of the candidate `name`, with one training for each score."""
    extra = {**({} if steps is None else {"steps": steps}), **({} if loss is None else {"loss": loss})}
    metrics = tuple({"score": score, **extra} for score in scores)
    return Trial(index, X, name, status, float(np.mean(scores)), metrics, duplicate_of=of)


def names(found):
    return "".join(one.fingerprint for one in found)


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
        found = {one.fingerprint: one for one in evidence(run, confidence)}
        for name, group, expected in zip("abc", groups, bounds(groups, confidence), strict=True):
            assert (found[name].low, found[name].high) == pytest.approx(expected, abs=1e-12)
            assert found[name].mean == pytest.approx(np.mean(group))
            assert (found[name].trainings, found[name].evaluations) == (len(group), 1)

    def test_repeats_count_as_seeds_of_one_trial_do(self):
        at_once = evidence([trial(0, "a", 0.9, 0.93, 0.91), trial(1, "b", 0.8, 0.84)])
        first, again = [trial(0, "a", 0.9), trial(1, "b", 0.8)], [trial(2, "a", 0.93, of=0), trial(3, "a", 0.91, of=0)]
        apart = evidence([*first, *again, trial(4, "b", 0.84, of=1)])
        for one, two in zip(at_once, apart, strict=True):
            assert (one.low, one.high, one.mean) == pytest.approx((two.low, two.high, two.mean))
            assert (one.first, one.trainings) == (two.first, two.trainings)
        assert [one.evaluations for one in apart] == [3, 2]

    def test_a_score_without_seeds_is_one_training(self):
        (one,) = evidence([Trial(3, X, "a", "ok", 0.7)])
        assert (one.mean, one.trainings, one.loss) == (0.7, 1, math.inf)

    def test_without_a_second_training_nothing_is_known_of_the_noise_and_the_mean_decides(self):
        found = evidence([trial(0, "a", 0.7), trial(1, "b", 0.9), trial(2, "c", 0.8)])
        assert names(found) == "bca"
        assert {(one.low, one.high) for one in found} == {(-math.inf, math.inf)}

    def test_exact_repeats_leave_no_doubt(self):
        found = evidence([trial(0, "a", 0.75, 0.75), trial(1, "b", 0.5)])
        assert [(one.low, one.high) for one in found] == [(0.75, 0.75), (0.5, 0.5)]
        assert promising(found, 9, 9) == []

    @pytest.mark.parametrize("confidence", [0.5, 1.0, 95])
    def test_refuses(self, confidence):
        with pytest.raises(ValueError, match=f"confidence is one-sided, .*; received {confidence}"):
            evidence([], confidence)

    def test_a_bound_holds_as_often_as_it_says(self):
        """Over made-up runs the lower bound of a candidate named beforehand is below its true score 95 times of 100."""
        rng = np.random.default_rng(0)
        held = []
        for _ in range(2000):
            run = [trial(i, str(i), *rng.normal(0.5, 0.1, size=2)) for i in range(3)]
            held.append(next(one.low for one in evidence(run) if one.fingerprint == "0") < 0.5)
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
        assert names(evidence(run)) == "bdac"
        assert names(evidence([trial(0, "a", 0.9, loss=math.nan), trial(1, "b", 0.9, loss=9.0)])) == "ba"

    def test_only_the_longest_rung_counts(self):
        run = [trial(0, "a", 0.99, steps=50.0), trial(1, "b", 0.5, steps=50.0), trial(2, "b", 0.6, steps=500.0, of=1)]
        assert names(evidence(run)) == "b"
        assert names(evidence(run[::-1])) == "b"
        assert evidence(run)[0].first == 1
        assert names(evidence([*run, trial(3, "c", 0.1)])) == "c"  # a full training outside of rungs

    def test_a_divergence_at_the_longest_rung_alone_does_not_hide_the_shorter_ones(self):
        run = [trial(0, "a", 0.9, steps=50.0), trial(1, "a", 0.0, status="diverged", steps=500.0, of=0)]
        assert names(evidence(run)) == "a"

    def test_what_diverged_once_is_out(self):
        run = [trial(0, "a", 0.9), trial(1, "b", 0.5), trial(2, "a", 0.0, status="diverged", of=0)]
        run += [trial(3, "a", 0.9, of=0), trial(4, "c", 0.0, status="diverged")]
        assert names(evidence(run)) == "b"
        assert evidence(run)[0].low == -math.inf, "a fall to 0 is no noise"

    def test_what_was_not_trained_says_nothing(self):
        run = [
            Trial(i, X, "a", status, score)
            for i, (status, score) in enumerate(
                [("rejected:finite", None), ("duplicate", 0.9), ("failed", None), ("rejected:quality", None)]
            )
        ]
        assert incumbent(run) is None
        assert incumbent([]) is None

    def test_the_order_of_trials_does_not_matter(self):
        rng = random.Random(0)
        run = [trial(i, rng.choice("abcdef"), rng.random(), of=0 if i else None) for i in range(30)]
        assert evidence(rng.sample(run, 30)) == evidence(run)


class TestPromising:
    def test_those_that_may_be_best(self):
        run = [trial(0, "a", 0.90, 0.91, 0.89), trial(1, "b", 0.88), trial(2, "c", 0.5), trial(3, "d", 0.893, 0.905)]
        found = evidence(run)
        chosen = promising(found, 9, most=4)
        assert names(chosen) == "dab"
        assert [one.high for one in chosen] == sorted((one.high for one in chosen), reverse=True)
        assert all(one.high > found[0].low for one in chosen)
        assert names(promising(found, 2, most=4)) == "da"
        assert promising(found, 0, most=4) == []

    def test_at_most_so_many_evaluations_each(self):
        run = [trial(0, "a", 0.9), trial(1, "a", 0.8, of=0), trial(2, "b", 0.85)]
        assert names(promising(evidence(run), 9, most=2)) == "b"
        assert promising(evidence(run), 9, most=1) == []

    def test_while_nothing_is_known_of_the_noise_the_best_come_first(self):
        assert names(promising(evidence([trial(i, "abc"[i], s) for i, s in enumerate([0.7, 0.9, 0.8])]), 9, 4)) == "bca"

    def test_of_nothing(self):
        assert promising([], 3, 4) == []


class TestLedger:
    def test_it_is_a_value(self):
        ledger = added(blank(), [trial(0, "a", 0.9)])
        before = ranked(ledger)
        added(ledger, [trial(1, "a", 0.5, of=0), trial(2, "b", 0.5)])
        assert ranked(ledger) == before

    def test_told_in_parts_it_is_the_whole(self):
        rng = random.Random(1)
        run = [trial(i, rng.choice("abcdef"), rng.random(), of=0 if i else None) for i in range(40)]
        ledger = blank()
        for i in range(0, 40, 7):
            ledger = added(ledger, run[i : i + 7])
        assert ranked(ledger) == evidence(run)

    def test_it_forgets_the_worst_and_keeps_the_noise(self):
        run = [trial(i, str(i), 0.5 + i / 100, 0.51 + i / 100) for i in range(21)]
        ledger = added(blank(), run, keep=10)
        assert {int(name) for name in ledger["candidates"]} == set(range(11, 21))
        everything = {one.fingerprint: one for one in evidence(run)}
        assert all(one == everything[one.fingerprint] for one in ranked(ledger))
        assert len(added(blank(), run[:20], keep=10)["candidates"]) == 20, "only beyond twice as many"


def test_what_a_trial_is():
    assert length(trial(0, "a", 0.9, 0.8, steps=50.0)) == 50.0
    assert length(trial(0, "a", 0.9)) == length(Trial(0, X, "a", "ok", 0.9)) == math.inf
    assert [
        retrained(trial(1, "a", 0.9, status=s, of=of)) for s in ("ok", "diverged", "duplicate") for of in (0, None)
    ] == [*(True, False, True, False, False, False)]
    assert (first_index(trial(4, "a", 0.9)), first_index(trial(4, "a", 0.9, of=0))) == (4, 0)


def test_programs_go_through_notes_with_their_choices():
    space, rng = swish(2), np.random.default_rng(0)
    for program in [X, *(space.sample(rng) for _ in range(50))]:
        again = recalled(*noted(program))
        assert again == program
        assert again.choices == program.choices
