"""The gates of layers: what each one stops, what it lets pass, and that those in training save the rest of it."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from actsearch import parse
from actsearch.catalog import CATALOG
from actsearch.catalog import LAYERS as PUBLISHED
from actsearch.evaluation import Job, Trainer, ascend, gates_of, screen, train
from actsearch.evaluation.gates import depends_on_input, scale_is_sane
from actsearch.evaluation.stability import LIMIT, direction
from actsearch.spaces.template import Template
from actsearch.tasks import Quality
from tests.helpers.tiny import tiny_layer_task

AFFINE = "param beta = 0; ({}) * gamma + beta"
GATES = gates_of("layer")


def gate_of(text):
    """Returns the gate before training that rejects a layer, "" where it passes."""
    return screen(parse(AFFINE.format(text)), GATES).gate


def test_the_order_is_that_of_their_cost():
    assert [gate.name for gate in GATES] == ["shape", "input", "scale", "quality", "stability"]
    assert [gate.stage for gate in GATES] == ["before"] * 3 + ["after"] * 2


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
    assert gate_of(text) == "input"


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
    assert gate_of(text) == "scale"


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_layers_pass(name):
    program = CATALOG[name].program
    assert scale_is_sane(program)
    assert screen(program, GATES).gate == ""


@pytest.mark.parametrize("text", ["x - batch_mean(x)", "x / batch_std(x)", "instance_std(x - batch_mean(x))"])
def test_a_layer_that_reads_its_input_beside_the_batch(text):
    assert depends_on_input(parse(AFFINE.format(text)))


@pytest.fixture(scope="module")
def outcomes():
    """Outcomes of tanh by the quality gate's minimum; "free" without a gate."""
    template = Template.bank([parse(AFFINE.format(text)) for text in ("tanh(x)", "x / 0")])
    good, bad, rows = Job((0,), 0), Job((1,), 0), {}
    for minimum in (1.0, 1e-6):
        task = tiny_layer_task(steps=40, quality=Quality(4, "accuracy", minimum))
        trainer = Trainer.interpreted(task, template, measure=functools.partial(train, gated=True))
        rows[minimum] = trainer([good])[0]
    plain = Trainer.interpreted(tiny_layer_task(steps=40), template, jobs_per_call=4)
    rows["free"], rows["mixed"] = plain([good])[0], plain([bad, good, bad, bad, good, bad])
    return rows


class TestQuality:
    def test_training_stops_where_the_metric_is_too_low(self, outcomes):
        stopped, passed = outcomes[1.0], outcomes[1e-6]
        assert stopped.early == passed.early == stopped.metrics["accuracy"]
        assert stopped.train_loss == 0 < passed.train_loss
        assert passed.metrics["accuracy"] != passed.early

    def test_the_gate_changes_nothing_of_what_passes(self, outcomes):
        """Steps before and after the gate are those of an ungated training."""
        passed, free = outcomes[1e-6], outcomes["free"]
        assert free.early is None
        assert passed.metrics == pytest.approx(free.metrics, rel=1e-5)
        assert passed.train_loss == pytest.approx(free.train_loss, rel=1e-5)

    def test_a_graph_that_overflows_disturbs_nobody(self, outcomes):
        mixed = outcomes["mixed"]
        assert mixed[1] == mixed[4] == outcomes["free"]
        assert not any(np.isfinite(mixed[i].metrics["loss"]) for i in (0, 2, 3, 5))
        assert mixed[0].metrics["accuracy"] == 0


@pytest.fixture(scope="module")
def norms():
    """The largest gradient norm of some layers by formula; that of the first one specialised comes under "alone"."""
    texts = ["x / group_std(x)", "tanh(x)", "exp(exp(x))"]
    programs = [parse(AFFINE.format(text)) for text in texts]
    task, options = tiny_layer_task(), {"measure": ascend, "devices": jax.devices()[:1]}
    rows = Trainer.interpreted(task, Template.bank(programs), **options)([Job((i,), 0) for i in range(len(texts))])
    rows += Trainer.specialized(task, programs[0], **options)([Job((), 0)])
    return dict(zip([*texts, "alone"], (row.gradient for row in rows), strict=True))


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
