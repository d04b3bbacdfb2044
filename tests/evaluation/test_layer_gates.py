"""The gates of layers: what each one stops, what it lets pass, and that those in training save the rest of it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from actsearch import parse
from actsearch.catalog import CATALOG
from actsearch.catalog import LAYERS as PUBLISHED
from actsearch.evaluation import LAYER_GATES, Job, Scorer, ascend, pass_gates
from actsearch.evaluation.gates import depends_on_input, scale_is_sane
from actsearch.evaluation.stability import LIMIT, direction
from actsearch.spaces.template import Template
from actsearch.tasks import Quality
from tests.helpers.tiny import LAYERS, tiny_layer_task

AFFINE = "param beta = 0; ({}) * gamma + beta"
CHECK = Quality(steps=4, accuracy=0.2)


def verdict(text, seen=()):
    return pass_gates(parse(AFFINE.format(text)), dict(seen), LAYER_GATES)


def test_the_order_is_that_of_their_cost():
    assert LAYER_GATES == ("shape", "input", "scale", "duplicate", "quality", "stability")


@pytest.mark.parametrize(
    "text",
    [
        "v1",
        "group_std(0)",
        "x - x",
        "x * 0",
        "batch_mean(x) - batch_mean(x)",
        "batch_std(x)",
        "batch_mean(x)",
        "max(x, x) / x",
    ],
)
def test_a_layer_that_ignores_its_input(text):
    assert verdict(text).status == "rejected:input"


@pytest.mark.parametrize(
    "text",
    [
        "x / v0",  # v0 starts at 0
        "x / 0",
        "x * 10000",
        "x / 10000",
        "exp(x^2)",  # overflows on ten times the probe
        "exp(exp(exp(x)))",
    ],
)
def test_a_layer_of_an_insane_scale(text):
    assert depends_on_input(parse(AFFINE.format(text)))
    assert verdict(text).status == "rejected:scale"


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_layers_pass(name):
    program = CATALOG[name].program
    assert scale_is_sane(program)
    assert pass_gates(program, {}, LAYER_GATES).status == "pass"


@pytest.mark.parametrize("text", ["x - batch_mean(x)", "x / batch_std(x)", "instance_std(x - batch_mean(x))"])
def test_a_layer_that_reads_its_input_beside_the_batch(text):
    assert depends_on_input(parse(AFFINE.format(text)))


def test_duplicates_are_functional_and_come_after_the_cheap_gates():
    first = verdict("x / group_std(x)")
    again = verdict("--x / group_std(-x)", {first.fingerprint: 3})
    assert (again.status, again.duplicate_of) == ("duplicate", 3)
    assert verdict("x / layer_std(x)", {first.fingerprint: 3}).status == "pass"
    useless = verdict("x / 0")
    assert verdict("x / 0", {useless.fingerprint: 1}).status == "rejected:scale"


def choice_of(text):
    """Returns the choices of a layer of the small space, found by its formula."""
    wanted, rng = parse(AFFINE.format(text)), np.random.default_rng(0)
    return next(p.choices for p in (LAYERS.sample(rng) for _ in range(200_000)) if p == wanted)


@pytest.fixture(scope="module")
def scorer():
    task = tiny_layer_task(steps=40, quality=CHECK)
    return Scorer.interpreted(task, LAYERS.template, seeds=[0], jobs_per_call=4)


class TestQuality:
    def test_training_stops_where_the_accuracy_is_too_low(self, scorer):
        choices = choice_of("tanh(x)")
        free, stopped, passed = scorer([Job(choices, 0, 1.0, floor) for floor in (0.0, 1.0, 1e-6)])
        assert free.early == stopped.early == passed.early
        assert free == passed
        assert stopped.accuracy == stopped.early
        assert stopped.train_loss == 0 < free.train_loss
        assert free.accuracy != free.early

    def test_the_gate_changes_nothing_of_what_passes(self, scorer):
        """Steps before and after the gate are those of an ungated training."""
        plain = Scorer.interpreted(tiny_layer_task(steps=40), LAYERS.template, seeds=[0], jobs_per_call=4)
        jobs = [Job(choice_of(text), 0) for text in ("tanh(x)", "max(x, 0)")]
        for gated, free in zip(scorer(jobs), plain(jobs), strict=True):
            np.testing.assert_allclose(gated[:3], free[:3], rtol=1e-5)
            assert free.early == free.accuracy

    def test_a_graph_that_overflows_disturbs_nobody(self, scorer):
        good, bad = Job(choice_of("tanh(x)"), 0, 1.0, 0.0), Job(choice_of("x / 0"), 0, 1.0, 0.0)
        alone = scorer([good])
        mixed = scorer([bad, good, bad, bad, good, bad])
        assert mixed[1] == mixed[4] == alone[0]
        assert not any(np.isfinite(mixed[i].loss) for i in (0, 2, 3, 5))
        assert mixed[0].accuracy == mixed[0].early == 0


@pytest.fixture(scope="module")
def norms():
    """The largest gradient norm of some layers by formula; that of the first one specialised comes under "alone"."""
    texts = ["x / group_std(x)", "tanh(x)", "exp(exp(x))"]
    programs = [parse(AFFINE.format(text)) for text in texts]
    task, where = tiny_layer_task(), {"seeds": [0], "measure": ascend, "devices": jax.devices()[:1]}
    found = Scorer.interpreted(task, Template.bank(programs), **where)([Job((i,), 0) for i in range(len(texts))])
    alone = Scorer.specialized(task, programs[0], **where)([Job((), 0)])
    return dict(zip([*texts, "alone"], (row.gradient for row in found + alone), strict=True))


class TestStability:
    def test_normalised_and_bounded_layers_are_stable(self, norms):
        assert norms["x / group_std(x)"] < 1e4
        assert norms["tanh(x)"] < 1e4

    def test_exploding_layers_are_not(self, norms):
        assert not norms["exp(exp(x))"] <= LIMIT

    @pytest.mark.parametrize("size", [1e-25, 1.0, 1e25])
    def test_the_ascent_moves_whatever_the_size_of_the_slope(self, size):
        """Beside the kink of signed_log entries reach 1e22, whose squares float32 does not hold."""
        steep = {"a": jnp.array([3.0, 0.0]) * size, "b": jnp.array([-4.0]) * size}
        unit = direction(steep)
        np.testing.assert_allclose(unit["a"], [0.6, 0.0], rtol=1e-5)
        np.testing.assert_allclose(unit["b"], [-0.8], rtol=1e-5)

    def test_both_engines_ascend_alike(self, norms):
        assert norms["x / group_std(x)"] == pytest.approx(norms["alone"], rel=0.05)
