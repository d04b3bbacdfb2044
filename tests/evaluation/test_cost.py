"""What functions cost: XLA's counts, and steps of an equal time; no timing is asserted."""

import jax.numpy as jnp
import pytest

from actsearch import parse
from actsearch.evaluation import Result, measure_costs, step_shares, verify
from actsearch.evaluation.cost import _compiled
from actsearch.language import ActsearchError
from actsearch.nn import Layer
from tests.helpers.tiny import tiny_task

TASK = tiny_task()
RELU, SILU, SWISH = parse("relu(x)"), parse("silu(x)"), parse("x * sigmoid(beta * x)")
SHAPE = (8, 16)


def test_a_function_of_more_operations_costs_more():
    relu, thrice, norm = measure_costs([RELU, parse("relu(x) * x + x"), parse("x / batch_std(x)")], SHAPE, repeats=1)
    assert relu.flops >= 8 * 16
    assert relu.bytes >= 2 * 4 * 8 * 16  # read once, written once
    assert thrice.flops >= relu.flops + 2 * 8 * 16
    assert norm.flops > relu.flops
    assert all(cost.forward_ms > 0 and cost.backward_ms > 0 for cost in (relu, thrice, norm))


def test_what_is_timed_is_the_layer_and_its_gradients():
    forward, backward, _ = _compiled(SWISH, SHAPE)
    outputs, (parameters, (inputs,)) = forward(), backward()
    assert outputs.shape == inputs.shape == SHAPE
    (beta,) = parameters["parameters"].values()
    assert beta[...].shape == SHAPE[1:]
    layer = Layer(SWISH, 16)
    assert jnp.all(jnp.isfinite(outputs)) and layer(outputs).shape == SHAPE  # noqa: PT018


def test_costs_need_a_program_and_a_run():
    with pytest.raises(ActsearchError, match="received 0 and 50"):
        measure_costs([])
    with pytest.raises(ActsearchError, match="received 1 and 0"):
        measure_costs([RELU], repeats=0)


@pytest.fixture
def clock(monkeypatch):
    """Replaces measured seconds by given ones, the reference's first."""

    def set_to(*seconds):
        monkeypatch.setattr("actsearch.evaluation.cost._least_seconds", lambda calls, repeats: list(seconds))

    return set_to


def test_a_slower_function_has_fewer_steps_and_a_faster_one_no_more(clock):
    clock(2.0, 4.0, 1.0, 2.5)
    assert step_shares(TASK, [SILU, SWISH, RELU], RELU) == [0.5, 1.0, 0.8]


@pytest.mark.slow
def test_shares_are_measured():
    (share,) = step_shares(TASK, [SILU], RELU, repeats=1)
    assert 0 < share <= 1


def test_a_verification_at_equal_time_trains_the_slower_function_shorter(clock, monkeypatch):
    def score(task, programs, seeds, **options):
        return [Result(tuple({"score": task.steps / TASK.steps} for _ in seeds), False, 0.0) for _ in programs]

    monkeypatch.setattr("actsearch.evaluation.verification.score_programs", score)
    clock(1.0, 2.0, 1.0)
    timed = verify([SILU, SWISH], TASK, seeds=2, equal_time=True)
    assert [(row.program, row.trained.share) for row in timed.rows] == [(RELU, 1.0), (SILU, 0.5), (SWISH, 1.0)]
    assert [row.trained.scores for row in timed.rows] == [(1.0, 1.0), (0.5, 0.5), (1.0, 1.0)]
    assert [row["share"] for row in timed.to_json()["rows"]] == [1.0, 0.5, 1.0]
    assert [row.trained.share for row in verify([SILU, SWISH], TASK, seeds=2).rows] == [1.0] * 3
