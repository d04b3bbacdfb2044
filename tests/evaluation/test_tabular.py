"""The evaluator that looks scores up: what a proposal becomes, and the regret of a run by held-out seeds."""

import numpy as np
import pytest

from actsearch import ActsearchError, parse
from actsearch.evaluation import Evaluator, TabularEvaluator, get_table, regret_on_table
from actsearch.spaces import Genotype, get_space, swish
from actsearch.spaces.swish_space import BINARY, UNARY
from actsearch.spaces.units import units_space
from actsearch.trials import Proposal

SPACE, TABLE = swish(), get_table("tabular-swish1-digits-resnet")
SILU, SAME, ROOTS, CUBE = (SPACE.genotype(choices) for choices in ((0, 20, 1), (20, 0, 1), (5, 0, 0), (4, 18, 1)))
ROW = TABLE.row(SILU)


def evaluated(*proposals, **kwargs):
    return TabularEvaluator(SPACE, TABLE, **kwargs).evaluate(proposals, 0)


def propose(genotype, **kwargs):
    return Proposal(SPACE.decode(genotype), genotype, **kwargs)


class TestTrials:
    def test_a_first_evaluation_has_the_score_of_the_first_seeds(self):
        order = TABLE.seeds(1)
        (trial,) = evaluated(propose(SILU), seed=1)
        assert (trial.status, trial.seeds, trial.genotype) == ("ok", order[:1], SILU)
        assert trial.score == TABLE.rows.scores[ROW, order[0]]
        assert trial.objectives == {TABLE.name: trial.score}
        (trial,) = evaluated(propose(SILU), seed=1, seeds_per_trial=2)
        assert trial.score == pytest.approx(TABLE.rows.scores[ROW, list(order[:2])].mean())
        assert len(trial.metrics) == 2

    def test_gates_and_duplicates(self):
        trials = evaluated(propose(SILU), propose(SAME), propose(ROOTS), propose(CUBE))
        assert [trial.stage for trial in trials] == ["ok", "duplicate", "rejected:finite", "diverged"]
        assert (trials[1].first, trials[1].score, trials[1].metrics) == (0, trials[0].score, ())
        assert (trials[2].score, trials[3].score) == (None, 0.0)

    def test_a_repeat_sees_the_next_seed_once(self):
        again = propose(SILU, parents=(0,), repeat=1)
        first, second, third = evaluated(propose(SILU), again, again)
        assert (second.status, second.first, second.seeds) == ("ok", 0, TABLE.seeds(0)[1:2])
        assert second.score == TABLE.rows.scores[ROW, second.seeds[0]] != first.score
        assert (third.status, third.first, third.score) == ("duplicate", 0, second.score)

    def test_what_is_looked_up_is_what_is_named(self):
        program = SPACE.decode(SILU)
        foreign = Genotype("swish-2", (0,) * 12)
        for genotype in (None, ROOTS, foreign):
            (trial,) = evaluated(Proposal(program, genotype))
            assert trial.score == evaluated(propose(SILU))[0].score
            assert SPACE.decode(trial.genotype) == program
        (trial,) = evaluated(Proposal(parse("x * x * x"), SILU))
        assert (trial.status, trial.score, trial.genotype) == ("failed", None, None)
        assert "does not have this program" in trial.note

    def test_memory(self):
        trials = evaluated(propose(SILU))
        evaluator = TabularEvaluator(SPACE, TABLE)
        evaluator.remember(trials)
        assert evaluator.evaluate([propose(SAME)], 1)[0].status == "duplicate"
        evaluator.begin([])
        assert evaluator.evaluate([propose(SAME)], 0)[0].status == "ok"


class TestIdentity:
    def test_it_names_the_table_and_the_seeds(self):
        one, other = (TabularEvaluator(SPACE, TABLE, seed=seed) for seed in (0, 1))
        assert isinstance(one, Evaluator)
        assert one.identity == {"kind": "tabular", "table": TABLE.name, "digest": TABLE.digest, "seeds": [0]}
        assert other.identity == one.identity | {"seeds": [1]}
        likelihood = TabularEvaluator(SPACE, f"{TABLE.name}-likelihood")
        assert likelihood.identity["digest"] != TABLE.digest


class TestMistakes:
    def test_one_seed_is_held_out(self):
        with pytest.raises(ActsearchError, match=r"has 2 .* seeds_per_trial 3 .*: write seeds_per_trial from 1 to 2"):
            evaluated(seeds_per_trial=3)
        with pytest.raises(ActsearchError, match=r"and repeat 2: write Repeated\(controller, most=2\)"):
            evaluated(propose(SILU, repeat=2))

    def test_another_space(self):
        with pytest.raises(ActsearchError, match="is a table of the space swish-1; received the space swish-2"):
            TabularEvaluator(get_space("swish-2"), TABLE)

    def test_another_space_of_the_same_name(self):
        for unary in (UNARY[::-1], (*UNARY, "elu"), (*UNARY[:9], "elu", *UNARY[10:])):
            with pytest.raises(ActsearchError, match=r"is a table of another space of the name swish-1: .* has"):
                self.enumerate(units_space("swish-1", unary, BINARY, 1))

    def enumerate(self, space):
        """Looks every member of a space up; the constructor compares only some."""
        genotypes = list(space.enumerate())
        return TabularEvaluator(space, TABLE).evaluate([Proposal(space.decode(g), g) for g in genotypes], 0)

    def test_a_table_has_no_shorter_trainings(self):
        with pytest.raises(ActsearchError, match="has no shorter trainings: search it without successive halving"):
            evaluated(propose(SILU, fidelity=0.5))


class TestRegret:
    def test_by_the_seeds_that_were_held_out(self):
        """Four trials by hand: the third leads by the run's own seed, the second by the others."""
        scores, held_out = TABLE.rows.scores, TABLE.held_out(2)
        own = scores[:, TABLE.seeds(2)[0]]
        better = np.flatnonzero((own > own[ROW]) & (held_out < held_out[ROW]))[0]
        genotypes = [ROOTS, SILU, SPACE.at(int(better)), SILU]
        course = regret_on_table(TABLE, evaluated(*map(propose, genotypes), seed=2), seed=2)
        best = np.nanmax(held_out)
        assert course.reference == best
        np.testing.assert_allclose(course.regret, best - np.array([0, *[held_out[ROW]] * 3]))
        np.testing.assert_allclose(
            course.incumbent_regret, best - np.array([0, held_out[ROW], *[held_out[better]] * 2])
        )

    def test_an_exhaustive_run_evaluates_the_best(self):
        trials = evaluated(*map(propose, SPACE.enumerate()))
        course = regret_on_table(TABLE, trials, seed=0)
        assert course.regret[-1] == 0
        assert course.incumbent_regret[-1] > 0
        assert (np.diff(course.regret) <= 0).all()
