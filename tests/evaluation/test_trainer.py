"""A score depends on task, seed, rate and program alone: not on neighbours, order, devices, or the engine."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from actsearch import parse
from actsearch.engine import interpret
from actsearch.evaluation import (
    GATES,
    Job,
    Outcome,
    Scorer,
    candidate_mesh,
    choose_engine,
    pass_gates,
    result,
    score_programs,
    start,
    train,
    use_all_cores,
)
from actsearch.language import Node, Program
from actsearch.nn import Layer
from tests.helpers.tiny import SPACE, sampled, tiny_task

TASK = tiny_task()
SEEDS = (0, 1)
ENGINES_AGREE = dict(rtol=1e-4, atol=1e-5)  # XLA fuses the two differently; six steps of training carry it on
EXPLODES = 1e30  # a learning rate that ends every training in NaN or infinity


@pytest.fixture(scope="module")
def four():
    """One compilation for the whole file, on four devices, three jobs a device and call."""
    return Scorer.interpreted(TASK, SPACE.template, seeds=SEEDS, jobs_per_call=3)


@pytest.fixture(scope="module")
def one():
    return Scorer.interpreted(TASK, SPACE.template, seeds=SEEDS, jobs_per_call=3, devices=jax.devices()[:1])


def jobs(count, seed=0):
    return [Job(program.choices, i % len(SEEDS)) for i, program in enumerate(sampled(count, seed))]


def identical(a, b):
    return np.testing.assert_array_equal(np.array(a), np.array(b))


class TestScorer:
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
        assert not any(np.isfinite(outcome.loss) for outcome in bad)
        assert not any(result(TASK, [outcome]).score for outcome in bad)

    def test_a_program_that_is_nan_disturbs_nobody(self, four):
        good, bad = jobs(9), Job(choice_of("sqrt(x) + x"), 0)
        outcomes = four([row for job in good for row in (job, bad, bad)])
        identical(outcomes[::3], four(good))
        assert all(np.isnan(outcome.loss) and outcome.accuracy == 0 for outcome in outcomes[1::3] + outcomes[2::3])

    def test_never_compiles_again(self, four):
        for count in (1, 2, 12, 13, 60):
            assert len(four(jobs(count, seed=count))) == count
        assert four.compilations == 1

    def test_the_part_is_where_it_is_measured_not_how_it_is_trained(self, four):
        validation, test = four(jobs(6)), four(jobs(6), part="test")
        identical([outcome.train_loss for outcome in validation], [outcome.train_loss for outcome in test])
        assert all(a.loss != b.loss for a, b in zip(validation, test, strict=True) if np.isfinite(a.loss))
        assert four.compilations == 1

    def test_no_jobs(self, four):
        assert four([]) == []

    def test_seed_program_and_rate_matter(self, four):
        program, other = choice_of("tanh(x) * relu(x)"), choice_of("tanh(x) + relu(x)")
        rows = [Job(program, 0), Job(program, 1), Job(other, 0), Job(program, 0, 0.5)]
        losses = [outcome.loss for outcome in four(rows)]
        assert len(set(losses)) == 4

    @pytest.mark.parametrize("text", ["tanh(x) * relu(x)", "max(beta * x, x^3)"])
    def test_both_engines_agree(self, four, text):
        choices = choice_of(text)
        scorer = Scorer.specialized(TASK, SPACE.decode(choices), seeds=SEEDS, devices=jax.devices()[:1])
        specialised = scorer([Job((), seed) for seed in SEEDS])
        interpreted = four([Job(choices, seed) for seed in SEEDS])
        np.testing.assert_allclose(np.array(specialised), np.array(interpreted), **ENGINES_AGREE)
        assert scorer.compilations == 1

    def test_equals_pmap(self, four):
        """What a reader of the older way would write, on the same four devices."""
        some = jobs(4, seed=3)
        data = jax.tree.map(jnp.asarray, TASK.data())

        def training(choices, begin):
            activation = interpret(SPACE.template, choices)
            return train(TASK, lambda n: Layer(activation, n), begin, jnp.float32(1), data.train, data.validation)

        starts = jax.tree.map(lambda *leaves: jnp.stack(leaves), *(start(TASK, job.seed) for job in some))
        outcomes = jax.pmap(training)(jnp.array([job.choices for job in some]), starts)
        np.testing.assert_allclose(np.stack(outcomes, axis=1), np.array(four(some)), **ENGINES_AGREE)


def choice_of(text):
    """Returns the choices of the program of SPACE that is written like this."""
    wanted = parse(text)
    return next(program.choices for program in SPACE.enumerate() if program == wanted)


def test_training_learns():
    task = tiny_task(steps=200, learning_rate=0.05)
    (outcome,) = score_programs(task, [parse("relu(x)")], [0], devices=jax.devices()[:1])
    assert outcome.metrics[0]["train_loss"] < 1.2  # from log(10) = 2.3
    assert outcome.score > 0.5
    assert not outcome.diverged


def test_start_is_fixed_by_its_seed():
    first, again, other = start(TASK, 0), start(TASK, 0), start(TASK, 1)
    jax.tree.map(np.testing.assert_array_equal, first[:2], again[:2])
    assert first.key == again.key
    assert first.key != other.key
    assert (first.batches != other.batches).any()
    kernels = [jax.tree.leaves(begin.weights)[1] for begin in (first, other)]
    assert (kernels[0] != kernels[1]).any()
    assert int(first.batches.max()) < len(TASK.data().train.labels)


def test_a_job_of_an_undeclared_seed(one):
    with pytest.raises(ValueError, match=r"made for the seeds \[0, 1\]; received a job of seed 2"):
        one([Job(sampled(1)[0].choices, 2)])


class TestResult:
    def outcomes(self, *rows):
        return [Outcome(accuracy, loss, loss) for accuracy, loss in rows]

    def test_mean_over_seeds(self):
        found = result(TASK, self.outcomes((0.5, 1.0), (0.75, 2.0)))
        assert (found.score, found.diverged) == (0.625, False)
        assert [row["score"] for row in found.metrics] == [0.5, 0.75]
        assert [row["loss"] for row in found.metrics] == [1.0, 2.0]

    @pytest.mark.parametrize("loss", [np.nan, np.inf])
    def test_one_diverged_seed_is_enough(self, loss):
        found = result(TASK, self.outcomes((0.5, 1.0), (0.75, loss)))
        assert (found.score, found.diverged) == (0.0, True)
        assert [row["score"] for row in found.metrics] == [0.5, 0.75]  # the seeds keep what they had


class TestScorePrograms:
    def test_equals_the_scorer_and_reports(self, four):
        programs, lines = sampled(5, seed=8), []
        found = score_programs(TASK, programs, SEEDS, engine="interpret", bank_size=5, report=lines.append)
        outcomes = four([Job(program.choices, seed) for program in programs for seed in SEEDS])
        for i, row in enumerate(found):
            expected = result(TASK, outcomes[2 * i : 2 * i + 2])
            assert row.diverged == expected.diverged
            for mine, other in zip(row.metrics, expected.metrics, strict=True):
                assert mine == pytest.approx(other, rel=1e-4, abs=1e-5, nan_ok=True)
        assert lines[0] == "engine: interpret (forced)"
        assert lines[-1].startswith("digits-tiny: 5 of 5 programs")

    def test_the_best_rate_is_chosen_on_validation_data(self):
        program = parse("relu(x)")
        rates = (EXPLODES, 1.0, 1e-9)
        (found,) = score_programs(TASK, [program], SEEDS, rate_scales=rates, part="test", devices=jax.devices()[:1])
        validation = [
            score_programs(TASK, [program], SEEDS, rate_scales=(rate,), devices=jax.devices()[:1])[0].score
            for rate in rates[1:]
        ]
        assert {row["rate_scale"] for row in found.metrics} == {rates[1:][int(np.argmax(validation))]}
        assert not found.diverged

    @pytest.mark.parametrize(("programs", "seeds"), [([], [0]), ([parse("x")], [])])
    def test_needs_something_to_do(self, programs, seeds):
        with pytest.raises(ValueError, match="at least one program and one seed"):
            score_programs(TASK, programs, seeds)


@pytest.mark.parametrize(
    ("engine", "programs", "chosen", "words"),
    [
        ("auto", 1, "specialize", "1 to compile"),
        ("auto", 3, "specialize", "3 to compile"),
        ("auto", 4, "interpret", "one compilation instead of 4"),
        ("auto", 12_345, "interpret", "12,345"),
        ("interpret", 1, "interpret", "forced"),
        ("specialize", 1000, "specialize", "forced"),
    ],
)
def test_choose_engine(engine, programs, chosen, words):
    found, line = choose_engine(engine, programs)
    assert found == chosen
    assert line.startswith(f"engine: {chosen} (")
    assert words in line
    assert "\n" not in line


def test_long_trainings_are_compiled():
    for layers in (False, True):
        short, long = (choose_engine("auto", 1000, steps, layers) for steps in (100, 10**6))
        assert short[0] == "interpret"
        assert long[0] == "specialize"
        assert "these are 1,000,000" in long[1]
    assert choose_engine("auto", 1000, 13_000, layers=True)[0] == "specialize"
    assert choose_engine("auto", 1000, 13_000, layers=False)[0] == "interpret"


def test_choose_engine_refuses():
    with pytest.raises(ValueError, match="engine is one of auto, interpret, specialize; received 'jit'"):
        choose_engine("jit", 3)


class TestGates:
    def test_pass_then_duplicate(self):
        first = pass_gates(parse("x * sigmoid(x)"), {})
        assert (first.status, first.duplicate_of) == ("pass", None)
        second = pass_gates(parse("sigmul(x, x)"), {first.fingerprint: 7})
        assert (second.status, second.duplicate_of, second.fingerprint) == ("duplicate", 7, first.fingerprint)

    def test_finite_comes_before_duplicate(self):
        identity = pass_gates(parse("sqrt(x)"), {}).fingerprint
        verdict = pass_gates(parse("sqrt(x)"), {identity: 0})
        assert (verdict.status, verdict.duplicate_of, len(verdict.fingerprint)) == ("rejected:finite", None, 32)

    def test_a_program_that_no_engine_evaluates(self):
        broken = Program((Node("input", (), "x"), Node("no_such_primitive", (0,))))
        verdict = pass_gates(broken, {})
        assert (verdict.status, verdict.fingerprint) == ("rejected:shape", "")
        assert "no_such_primitive" in verdict.note

    def test_every_status_names_a_gate(self):
        assert GATES == ("shape", "finite", "duplicate")
        assert all(pass_gates(parse(text), {}).seconds > 0 for text in ("x", "sqrt(x)"))


class TestMesh:
    def test_all_devices_or_the_given_ones(self):
        assert (candidate_mesh().axis_names, candidate_mesh().size) == (("candidate",), 4)
        two = jax.devices()[2:]
        assert candidate_mesh(two).devices.tolist() == two

    def test_use_all_cores_leaves_a_user_choice_alone(self):
        use_all_cores()
        assert (jax.config.jax_num_cpu_devices, jax.device_count()) == (4, 4)

    def test_use_all_cores_makes_one_device_a_core(self):
        code = "import jax; from actsearch.evaluation import use_all_cores as f; f(); print(jax.device_count())"
        clean = {k: v for k, v in os.environ.items() if k != "XLA_FLAGS"} | {"JAX_PLATFORMS": "cpu"}
        shown = subprocess.run([sys.executable, "-c", code], env=clean, capture_output=True, text=True, check=True)
        assert int(shown.stdout) == len(os.sched_getaffinity(0))
