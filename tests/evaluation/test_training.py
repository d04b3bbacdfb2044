"""The evaluator that trains: what is trained is what is named, known candidates, gates in order, several tasks."""

import dataclasses
import functools
import gc

import jax
import numpy as np
import pytest

from actsearch import ActsearchError, parse
from actsearch.evaluation import GATES, Evaluator, Gate, TrainingEvaluator, gates_of, register, repeat_seeds
from actsearch.evaluation import gates as gates_module
from actsearch.evaluation.one_training import train
from actsearch.spaces import Genotype, custom, evonorm
from actsearch.tasks import Quality
from actsearch.trials import Proposal, Status
from tests.helpers.tiny import LAYERS, SPACE, tiny_layer_task, tiny_task

WAVES = custom(["sin", "exp"], ["+"])
HINGES = custom(["relu", "tanh"], ["+"])
RELU = parse("relu(x) + relu(x)")


def evaluator_of(space, engine="interpret", **kwargs):
    return TrainingEvaluator(space, tiny_task(), engine=engine, **kwargs)


compiled = functools.cache(evaluator_of)


def fresh(space, engine="interpret"):
    """Returns an evaluator that has compiled its training and remembers no candidate."""
    evaluator = compiled(space, engine)
    evaluator.begin([])
    return evaluator


@functools.cache
def score_of(program):
    """The score of a program, trained as itself."""
    (trial,) = fresh(WAVES, "specialize").evaluate([Proposal(program)], 0)
    return trial.score


class TestIdentity:
    """A trial never names one function and holds the score of another."""

    @pytest.mark.parametrize(
        "genotype",
        [HINGES.encode(RELU), WAVES.genotype((1, 1)), Genotype(WAVES.name, (7, 7)), None],
        ids=["another space's", "another program's", "no genotype", "none"],
    )
    def test_a_program_that_the_space_does_not_have(self, genotype):
        proposal = Proposal(RELU, genotype)
        (trial,) = fresh(WAVES).evaluate([proposal], 0)
        assert (trial.status, trial.score, trial.genotype) == (Status.FAILED, None, None)
        assert "does not have this program" in trial.note
        (trial,) = fresh(WAVES, "specialize").evaluate([proposal], 0)
        assert (trial.status, trial.score) == (Status.OK, score_of(RELU))
        assert trial.score != score_of(parse("exp(x) + exp(x)"))

    @pytest.mark.parametrize("genotype", [None, WAVES.genotype((0, 0)), HINGES.encode(RELU)])
    def test_a_program_of_the_space_is_encoded(self, genotype):
        program = parse("sin(x) + exp(x)")
        (trial,) = fresh(WAVES).evaluate([Proposal(program, genotype)], 0)
        assert WAVES.decode(trial.genotype) == program == trial.program
        (own,) = fresh(WAVES).evaluate([Proposal(program, WAVES.encode(program))], 0)
        assert trial.score == own.score

    def test_a_failure_does_not_claim_the_function(self):
        """The second form is in the space and is trained, though the first, which is not, computes the same."""
        foreign, member = parse("exp(x) - -sin(x)"), parse("sin(x) + exp(x)")
        trials = fresh(WAVES).evaluate([Proposal(foreign), Proposal(member), Proposal(foreign)], 0)
        assert [trial.status for trial in trials] == ["failed", "ok", "duplicate"]
        assert (trials[2].first, trials[2].score) == (1, trials[1].score)

    def test_the_engine_is_resolved_and_tasks_have_digests(self):
        slow = tiny_task(learning_rate=0.5)
        few, many, other = (
            TrainingEvaluator(WAVES, task, budget=budget).identity
            for task, budget in ((tiny_task(), 2), (tiny_task(), 500), (slow, 500))
        )
        assert (few["engine"], many["engine"]) == ("specialize", "interpret")
        assert many["tasks"].keys() == other["tasks"].keys() == {"digits-tiny"}
        assert many["tasks"] != other["tasks"]
        assert many["gates"] == ["shape", "finite"]

    def test_it_is_an_evaluator(self):
        assert isinstance(evaluator_of(WAVES), Evaluator)


class TestKnownCandidates:
    SIN, SWAPPED = (Proposal(WAVES.decode(choices), WAVES.genotype(choices)) for choices in ((0, 1), (1, 0)))

    def test_the_same_again_is_a_duplicate_and_more_of_it_is_not(self):
        again, longer = self.SWAPPED._replace(repeat=1), self.SIN._replace(fidelity=0.5)
        evaluator = fresh(WAVES)
        trials = evaluator.evaluate([self.SIN, self.SWAPPED, again, longer, longer], 5)
        trials += evaluator.evaluate([again, self.SIN], 10)
        assert [trial.status for trial in trials] == ["ok", "duplicate", "ok", "ok", *["duplicate"] * 3]
        assert [trial.first for trial in trials] == [None, 5, 5, 5, 5, 5, 5]
        same = [0, 0, 2, 3, 3, 2, 0]  # place of the trial with the same repeat and fidelity
        assert [trial.score for trial in trials] == [trials[place].score for place in same]
        assert [trial.seeds for trial in trials[:4]] == [(0,), (), repeat_seeds((0,), 1), (0,)]
        assert [(trial.repeat, trial.fidelity) for trial in trials[2:4]] == [(1, 1.0), (0, 0.5)]

    def test_what_is_remembered_is_not_trained_again_and_begin_forgets(self):
        trials = fresh(WAVES).evaluate([self.SIN], 0)
        other = evaluator_of(WAVES)
        other.remember(trials)
        assert other.evaluate([self.SWAPPED], 1)[0].status == "duplicate"
        other.begin([])
        assert other.evaluate([self.SWAPPED], 0)[0].status == "ok"

    def test_seeds_repeats_and_objectives(self):
        evaluator = evaluator_of(WAVES, seeds=(3, 4))
        first, again = evaluator.evaluate([self.SIN, self.SIN._replace(repeat=2)], 0)
        assert (first.seeds, again.seeds) == ((3, 4), (2_000_003, 2_000_004))
        assert first.objectives == {"digits-tiny": first.score}
        assert first.score == pytest.approx(np.mean([row["score"] for row in first.metrics]))


def test_specialised_candidates_leave_nothing_on_the_device():
    evaluator = evaluator_of(SPACE, "specialize")
    rng, counts = np.random.default_rng(0), []
    for start in range(3):
        genotypes = [SPACE.sample(rng) for _ in range(2)]
        evaluator.evaluate([Proposal(SPACE.decode(genotype), genotype) for genotype in genotypes], 2 * start)
        gc.collect()
        counts.append(len(jax.live_arrays()))
    assert counts[1] == counts[2], counts


TASKS = (
    tiny_layer_task("one", steps=12, quality=Quality(4, "accuracy", 0.11)),
    tiny_layer_task("two", steps=8),
)


def propose(text):
    program = parse(text)
    return Proposal(program, LAYERS.encode(program))


@pytest.fixture(scope="module")
def layers():
    """Without the stability gate, which takes longest to compile; it has a test of its own."""
    return TrainingEvaluator(LAYERS, TASKS, engine="interpret", gates=("shape", "input", "scale", "quality"))


@pytest.fixture(scope="module")
def trials(layers):
    rng = np.random.default_rng(0)
    genotypes = [LAYERS.sample(rng) for _ in range(60)]
    proposals = [Proposal(LAYERS.decode(genotype), genotype) for genotype in genotypes]
    return layers.evaluate([*proposals, propose("param beta = 0; x / 0 * gamma + beta")], 0)


def of(trials, stage):
    rows = [trial for trial in trials if trial.stage == stage]
    assert rows, f"no trial is {stage}"
    return rows


class TestLayers:
    def test_accepted_trials_have_a_score_on_every_task(self, trials):
        for trial in of(trials, "ok"):
            assert set(trial.objectives) == {"one", "two"}
            assert trial.score == pytest.approx(sum(trial.objectives.values()) / 2)
            assert set(trial.metrics[0]) >= {"score", "one/accuracy", "one/early", "two/loss"}

    def test_rejects_of_quality_were_spared_the_second_task(self, trials):
        for trial in of(trials, "rejected:quality"):
            assert (trial.score, trial.objectives) == (None, {})
            assert trial.metrics[0]["early"] < 0.11
            assert "on one" in trial.note
            assert "after 4 steps" in trial.note
            assert "two/loss" not in trial.metrics[0]

    def test_duplicates_share_what_the_first_one_got(self, trials):
        for trial in of(trials, "duplicate"):
            first = trials[trial.first]
            assert first.index < trial.index
            assert (trial.fingerprint, trial.score) == (first.fingerprint, first.score)

    @pytest.mark.parametrize("gate", ["input", "scale"])
    def test_gates_before_training_reject(self, trials, gate):
        for trial in of(trials, f"rejected:{gate}"):
            assert trial.note
            assert (trial.score, trial.metrics, trial.seeds) == (None, (), ())

    def test_an_unstable_layer(self):
        strict = dataclasses.replace(
            GATES["stability"], test=lambda task, rows: f"{rows[0].gradient:.1e} on {task.name}"
        )
        evaluator = TrainingEvaluator(LAYERS, TASKS[1], engine="specialize", gates=["input", strict])
        (trial,) = evaluator.evaluate([propose("param beta = 0; tanh(x) * gamma + beta")], 0)
        assert (trial.stage, trial.score) == ("rejected:stability", None)
        assert trial.note.endswith("on two")


class TestGates:
    """A gate is one row, also one from outside."""

    def test_a_gate_before_training(self):
        short = Gate("short", lambda candidate: "" if len(candidate.program.nodes) < 5 else "too long", "is short")
        evaluator = evaluator_of(SPACE, gates=["shape", "finite", short])
        proposals = [Proposal(parse(text)) for text in ("relu(x) + x", "cube(x) * tanh(x) + relu(x)", "sqrt(x) * x")]
        trials = evaluator.evaluate(proposals, 0)
        assert [trial.stage for trial in trials] == ["ok", "rejected:short", "rejected:finite"]
        assert trials[1].note == "too long"
        assert evaluator.identity["gates"] == ["shape", "finite", short.identity]
        longer = Gate("short", lambda candidate: "" if len(candidate.program.nodes) < 9 else "too long", "is short")
        assert longer.identity != short.identity

    def test_a_gate_after_training(self):
        picky = Gate(
            "picky", lambda task, rows: f"{task.name}: {rows[0].metrics['accuracy']}", "never satisfied", measure=train
        )
        (trial,) = evaluator_of(SPACE, gates=[picky]).evaluate([Proposal(parse("relu(x) + x"))], 0)
        assert (trial.stage, trial.score) == ("rejected:picky", None)
        assert trial.note.startswith("digits-tiny: 0.")

    def test_a_registered_gate_is_tried_by_default(self):
        register(Gate("odd", lambda candidate: "even", "has an odd number of nodes", kinds=("activation",)))
        try:
            assert [gate.name for gate in gates_of("activation")] == ["shape", "finite", "odd"]
            assert "odd" not in [gate.name for gate in gates_of("layer")]
            (trial,) = evaluator_of(SPACE).evaluate([Proposal(parse("relu(x) + x"))], 0)
            assert trial.stage == "rejected:odd"
            with pytest.raises(ActsearchError, match="'odd'"):
                register(Gate("odd", lambda candidate: "", "again"))
        finally:
            del gates_module._GATES["odd"]
        with pytest.raises(ActsearchError, match="Unknown gate 'odd'; write one of shape, finite, "):
            evaluator_of(SPACE, gates=["odd"])


class TestMistakes:
    def test_layers_do_not_fit_tasks_of_activations(self):
        with pytest.raises(
            ActsearchError, match="evonorm-b-2 proposes whole layers; the task digits-tiny has sites for"
        ):
            TrainingEvaluator(evonorm(nodes=2), tiny_task())

    @pytest.mark.parametrize("tasks", [(), (tiny_task(), tiny_task())])
    def test_tasks(self, tasks):
        with pytest.raises(ActsearchError, match="at least one task, each of another name; received"):
            TrainingEvaluator(SPACE, tasks)

    @pytest.mark.parametrize("seeds", [(), (1, 1)])
    def test_seeds(self, seeds):
        with pytest.raises(ActsearchError, match="at least one seed, and none twice"):
            TrainingEvaluator(SPACE, tiny_task(), seeds=seeds)
