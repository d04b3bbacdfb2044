"""A score depends on task, seed, rate and program alone: not on neighbours, order, devices, or the engine."""

import gc
import weakref

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from actsearch import parse
from actsearch.engine import interpret
from actsearch.evaluation import (
    DataParallel,
    Job,
    Outcome,
    Trainer,
    Training,
    init_state,
    score_programs,
    summarize,
    train,
)
from actsearch.evaluation.devices import resident
from actsearch.evaluation.trainer import fitting_lanes
from actsearch.language import ActsearchError
from actsearch.nn import Layer
from tests.helpers.tiny import SPACE, sampled, tiny_task

TASK = tiny_task()
SEEDS = (0, 1)
ENGINES_AGREE = dict(rtol=1e-4, atol=1e-5)  # XLA fuses the two differently; six steps of training carry it on
EXPLODES = 1e30  # a learning rate that ends every training in NaN or infinity


@pytest.fixture(scope="module")
def four():
    """One compilation for the whole file, on four devices, three jobs a device and call."""
    return Trainer.interpreted(TASK, SPACE.template, jobs_per_call=3)


@pytest.fixture(scope="module")
def one():
    return Trainer.interpreted(TASK, SPACE.template, jobs_per_call=3, devices=jax.devices()[:1])


def jobs(count, seed=0):
    return [Job(genotype.choices, i % len(SEEDS)) for i, genotype in enumerate(sampled(count, seed))]


def identical(a, b):
    jax.tree.map(np.testing.assert_array_equal, a, b)


def numbers(outcomes):
    """Returns outcomes as an array [outcomes, numbers]."""
    return np.array([jax.tree.leaves(outcome) for outcome in outcomes])


class TestTrainer:
    def test_neighbours_order_and_place_do_not_matter(self, four):
        some = jobs(30)
        together = four(some)
        identical(four(some[::-1])[::-1], together)
        order = np.random.default_rng(1).permutation(len(some))
        identical(four([some[i] for i in order]), [together[i] for i in order])
        for i in (0, 7, 29):
            identical(four([some[i]]), [together[i]])

    def test_one_device_and_four_agree(self, four, one):
        assert (four.batch, one.batch) == (12, 3)
        identical(one(jobs(17)), four(jobs(17)))

    def test_a_diverging_neighbour_disturbs_nobody(self, four):
        good = jobs(23)
        alone = four(good)
        # Every third job is good, so that each of the four devices has jobs of both kinds.
        mixed = [row for job in good for row in (job, *[job._replace(rate_scale=EXPLODES)] * 2)]
        outcomes = four(mixed)
        identical(outcomes[::3], alone)
        bad = outcomes[1::3] + outcomes[2::3]
        assert not any(np.isfinite(outcome.metrics["loss"]) for outcome in bad)
        assert not any(summarize(TASK, [outcome]).score for outcome in bad)

    def test_a_program_that_is_nan_disturbs_nobody(self, four):
        good, bad = jobs(9), Job(choice_of("sqrt(x) + x"), 0)
        outcomes = four([row for job in good for row in (job, bad, bad)])
        identical(outcomes[::3], four(good))
        assert all(
            np.isnan(outcome.metrics["loss"]) and outcome.metrics["accuracy"] == 0
            for outcome in outcomes[1::3] + outcomes[2::3]
        )

    def test_lanes_side_by_side_equal_one_after_another(self, one):
        """Up to the rounding of batched products; which neighbours a lane has changes no bit."""
        lanes = Trainer.interpreted(TASK, SPACE.template, jobs_per_call=3, lanes=4, devices=jax.devices()[:1])
        assert (lanes.batch, one.lanes) == (4, 1)
        some = [*jobs(8), Job(choice_of("sqrt(x) + x"), 0), jobs(1)[0]._replace(rate_scale=EXPLODES)]
        together = lanes(some)
        np.testing.assert_allclose(numbers(together), numbers(one(some)), **ENGINES_AGREE)
        identical(lanes(some[::-1])[::-1], together)
        identical(lanes(some[3:5]), together[3:5])

    def test_never_compiles_again(self, four):
        four(jobs(2))
        compilations = four.compilations
        for count in (2, 12, 13, 60):
            assert len(four(jobs(count, seed=count))) == count
        assert four.compilations == compilations

    def test_other_seeds_need_no_compilation(self, four):
        genotype = sampled(1)[0]
        first = four(four.jobs([genotype.choices], SEEDS))
        compilations = four.compilations
        others = four(four.jobs([genotype.choices], [5, 2_000_000]))
        assert four.compilations == compilations
        assert all(a != b for a, b in zip(first, others, strict=True))
        identical(four(four.jobs([genotype.choices], SEEDS)), first)

    def test_jobs_are_ordered_by_candidate(self, four):
        assert four.jobs([(1,), (2,)], [7, 8], [1.0, 0.5]) == [
            Job((1,), 7, 1.0),
            Job((1,), 8, 1.0),
            Job((2,), 7, 0.5),
            Job((2,), 8, 0.5),
        ]

    def test_the_part_is_where_it_is_measured_not_how_it_is_trained(self, four):
        validation, test = four(jobs(6)), four(jobs(6), part="test")
        identical([outcome.train_loss for outcome in validation], [outcome.train_loss for outcome in test])
        assert all(
            a.metrics["loss"] != b.metrics["loss"]
            for a, b in zip(validation, test, strict=True)
            if np.isfinite(a.metrics["loss"])
        )

    def test_no_jobs(self, four):
        assert four([]) == []

    def test_seed_program_and_rate_matter(self, four):
        program, other = choice_of("tanh(x) * relu(x)"), choice_of("tanh(x) + relu(x)")
        rows = [Job(program, 0), Job(program, 1), Job(other, 0), Job(program, 0, 0.5)]
        losses = [outcome.metrics["loss"] for outcome in four(rows)]
        assert len(set(losses)) == 4

    @pytest.mark.parametrize("text", ["tanh(x) * relu(x)", "max(beta * x, x^3)"])
    def test_both_engines_agree(self, four, text):
        choices = choice_of(text)
        trainer = Trainer.specialized(TASK, SPACE.decode(choices), devices=jax.devices()[:1])
        specialised = trainer([Job((), seed) for seed in SEEDS])
        interpreted = four([Job(choices, seed) for seed in SEEDS])
        np.testing.assert_allclose(numbers(specialised), numbers(interpreted), **ENGINES_AGREE)
        assert trainer.compilations == 1

    def test_equals_pmap(self, four):
        """What a reader of the older way would write, on the same four devices."""
        some = jobs(4, seed=3)
        data = jax.tree.map(jnp.asarray, TASK.data())

        def training(choices, state):
            activation = interpret(SPACE.template, choices)
            layer = lambda n: Layer(activation, n)  # noqa: E731
            return train(Training(TASK, layer, state, jnp.float32(1), data.train, data.validation))

        starts = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(init_state(TASK, job.seed) for job in some))
        outcomes = jax.pmap(training)(jnp.array([job.choices for job in some]), starts)
        np.testing.assert_allclose(np.stack(jax.tree.leaves(outcomes), axis=1), numbers(four(some)), **ENGINES_AGREE)


def choice_of(text):
    """Returns the choices of the program of SPACE that is written like this."""
    return SPACE.encode(parse(text)).choices


def test_training_learns():
    task = tiny_task(steps=200, learning_rate=0.05)
    (outcome,) = score_programs(task, [parse("relu(x)")], [0], devices=jax.devices()[:1])
    assert outcome.metrics[0]["train_loss"] < 1.2  # from log(10) = 2.3
    assert outcome.score > 0.5
    assert not outcome.diverged


def test_state_is_fixed_by_its_seed():
    first, again, other = (init_state(TASK, seed) for seed in (0, 0, 1))
    jax.tree.map(np.testing.assert_array_equal, first[:2], again[:2])
    assert first.key == again.key
    assert first.key != other.key
    assert (first.batches != other.batches).any()
    kernels = [jax.tree.leaves(state.weights)[1] for state in (first, other)]
    assert (kernels[0] != kernels[1]).any()
    assert int(first.batches.max()) < len(TASK.data().train.labels)


class TestMemory:
    """What a trainer used is free again when it is gone; the data are on the devices once."""

    def test_of_a_specialised_trainer_nothing_stays(self):
        def run(text):
            trainer = Trainer.specialized(TASK, parse(text), devices=jax.devices()[:1])
            trainer(trainer.jobs([()], SEEDS))
            return weakref.ref(trainer)

        run("tanh(x)")
        gc.collect()
        before = len(jax.live_arrays())
        gone = [run(f"tanh({scale} * x)") for scale in (2, 3, 4)]
        gc.collect()
        assert [trainer() for trainer in gone] == [None] * 3
        assert len(jax.live_arrays()) <= before

    def test_two_trainers_share_the_data(self):
        mesh = DataParallel(1, tuple(jax.devices()[:1])).mesh()
        first, second = (resident(task.data().train, mesh) for task in (TASK, TASK.at_fidelity(0.5)))
        assert first.inputs is second.inputs
        assert resident(TASK.data().test, mesh).inputs is not first.inputs


class TestResult:
    def outcomes(self, *rows):
        return [Outcome({"accuracy": accuracy, "loss": loss}, loss) for accuracy, loss in rows]

    def test_mean_over_seeds(self):
        row = summarize(TASK, self.outcomes((0.5, 1.0), (0.75, 2.0)))
        assert (row.score, row.diverged) == (0.625, False)
        assert [row["score"] for row in row.metrics] == [0.5, 0.75]
        assert [row["loss"] for row in row.metrics] == [1.0, 2.0]

    @pytest.mark.parametrize("loss", [np.nan, np.inf])
    def test_one_diverged_seed_is_enough(self, loss):
        row = summarize(TASK, self.outcomes((0.5, 1.0), (0.75, loss)))
        assert (row.score, row.diverged) == (0.0, True)
        assert [row["score"] for row in row.metrics] == [0.5, 0.75]  # the seeds keep what they had


class TestScorePrograms:
    def test_equals_the_scorer_and_reports(self, four):
        genotypes, lines = sampled(5, seed=8), []
        programs = [SPACE.decode(genotype) for genotype in genotypes]
        results = score_programs(TASK, programs, SEEDS, engine="interpret", bank_size=5, report=lines.append)
        outcomes = four([Job(genotype.choices, seed) for genotype in genotypes for seed in SEEDS])
        for i, row in enumerate(results):
            expected = summarize(TASK, outcomes[2 * i : 2 * i + 2])
            assert row.diverged == expected.diverged
            for metrics, other in zip(row.metrics, expected.metrics, strict=True):
                assert metrics == pytest.approx(other, rel=1e-4, abs=1e-5, nan_ok=True)
        assert lines[0] == "engine: interpret (as given)"
        assert lines[-1].startswith("digits-tiny: 5 of 5 programs")

    def test_the_best_rate_is_chosen_on_validation_data(self):
        program = parse("relu(x)")
        rates = (EXPLODES, 1.0, 1e-9)
        (row,) = score_programs(TASK, [program], SEEDS, rate_scales=rates, part="test", devices=jax.devices()[:1])
        validation = [
            score_programs(TASK, [program], SEEDS, rate_scales=(rate,), devices=jax.devices()[:1])[0].score
            for rate in rates[1:]
        ]
        assert {row["rate_scale"] for row in row.metrics} == {rates[1:][int(np.argmax(validation))]}
        assert not row.diverged

    @pytest.mark.parametrize(("programs", "seeds"), [([], [0]), ([parse("x")], [])])
    def test_needs_something_to_do(self, programs, seeds):
        with pytest.raises(ActsearchError, match="at least one program and one seed"):
            score_programs(TASK, programs, seeds)


@pytest.mark.parametrize(("jobs", "lanes"), [(1, 1), (5, 2), (1_000, 64)])
def test_no_lane_is_idle(monkeypatch, jobs, lanes):
    """On the four devices of a test."""
    monkeypatch.setattr("actsearch.evaluation.trainer.default_lanes", lambda mesh: 64)
    assert fitting_lanes(None, jobs) == lanes
