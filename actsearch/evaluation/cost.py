"""What functions cost on this machine: operations and milliseconds of a layer, and the steps of an equal time."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
from flax import nnx

from actsearch.analysis.cost import Cost
from actsearch.evaluation.trainer import Trainer
from actsearch.language import ActsearchError, Program
from actsearch.nn import Layer
from actsearch.tasks import Task

SHAPE = (64, 1024)
"""Of the tensor that costs are measured on: 64 examples of 1,024 features, 256 kB of float32."""


def measure_costs(programs: Sequence[Program], shape: tuple[int, ...] = SHAPE, *, repeats: int = 50) -> list[Cost]:
    """Returns what the layer of each program costs in training, compiled by itself on the default device.

    Operations and bytes are XLA's analysis of the compiled forward pass; they depend on its version and backend alone.
    Milliseconds are this machine's: the least of several runs, taken in turns, so that other work on the machine meets
    all programs alike. Compare ratios, `cost.relative_to(relu)`, within one call. In a network XLA fuses an activation
    with its neighbours, and its part of a step is small; `step_shares` measures whole steps.

    Args:
      programs: at least one.
      shape: of the float32 input, the features last; standard normal. Two such inputs for a program of `x` and `y`.
      repeats: runs of each, at least 1.

    Raises:
      ActsearchError: no program, or no repeat.

    Example:
      >>> from actsearch.language import parse
      >>> relu, silu = measure_costs([parse("relu(x)"), parse("silu(x)")], (8, 16), repeats=2)
      >>> silu.flops > relu.flops > 0, relu.bytes > 0, relu.forward_ms > 0
      (True, True, True)
    """
    if not programs or repeats < 1:
        raise ActsearchError(f"Costs need programs and repeats; received {len(programs)} and {repeats}.")
    passes = [_compiled(program, shape) for program in programs]
    seconds = _least_seconds([call for forward, backward, _ in passes for call in (forward, backward)], repeats)
    return [
        Cost(*_counts(analysis), 1e3 * seconds[2 * i], 1e3 * seconds[2 * i + 1])
        for i, (_, _, analysis) in enumerate(passes)
    ]


def _counts(analysis: Mapping[str, float]) -> tuple[float, float]:
    """Returns operations and bytes of XLA's analysis, which leaves out what is 0."""
    operations = float(analysis.get("flops", 0.0)) + float(analysis.get("transcendentals", 0.0))
    return operations, float(analysis.get("bytes accessed", 0.0))


def step_shares(task: Task, programs: Sequence[Program], reference: Program, *, repeats: int = 3) -> list[float]:
    """Returns the share of the task's steps that each program can make in the time that the reference takes for all.

    share = min(1, t_reference / t_program), with the least wall time of several short trainings, evaluation included,
    compilation not; taken in turns. A faster program has the share 1: a task's schedule has no steps beyond its end.

    Args:
      task: what is trained on.
      programs: of the task's kind.
      reference: has the share 1; such as the task's baseline.
      repeats: trainings of each, at least 1.

    Returns:
      Shares for `task.at_fidelity`. They are this machine's, and vary by some percent from call to call.
    """
    short = task.at_fidelity(min(1.0, _STEPS / task.steps))
    calls = [_training(short, program) for program in (reference, *programs)]
    first, *others = _least_seconds(calls, repeats)
    return [min(1.0, first / seconds) for seconds in others]


_STEPS = 100


def _training(task: Task, program: Program) -> Callable[[], Any]:
    trainer = Trainer.specialized(task, program, devices=jax.devices()[:1])
    jobs = trainer.jobs([()], seeds=[0])
    return lambda: trainer(jobs)


def _compiled(program: Program, shape: tuple[int, ...]) -> tuple[Callable[[], Any], Callable[[], Any], Any]:
    """Returns the forward pass and the gradients as compiled calls, and XLA's analysis of the first."""
    graph, parameters, *others = nnx.split(Layer(program, shape[-1]), nnx.Param, ...)
    drawn = jax.random.normal(jax.random.key(0), (3, *shape))
    inputs, cotangent = tuple(drawn[: 2 if "y" in program.inputs else 1]), drawn[2]

    def forward(parameters: Any, inputs: Any) -> jax.Array:
        layer = nnx.merge(graph, parameters, *others, copy=True)
        output: jax.Array = layer(*inputs)
        return output

    def backward(parameters: Any, inputs: Any, cotangent: jax.Array) -> Any:
        return jax.vjp(forward, parameters, inputs)[1](cotangent)

    one = jax.jit(forward).lower(parameters, inputs).compile()
    two = jax.jit(backward).lower(parameters, inputs, cotangent).compile()
    analysis = one.cost_analysis() or {}
    return lambda: one(parameters, inputs), lambda: two(parameters, inputs, cotangent), analysis


def _least_seconds(calls: Sequence[Callable[[], Any]], repeats: int) -> list[float]:
    """Returns the least wall seconds of each call, after one to warm up; in turns."""
    for call in calls:
        _wait(call)
    best = [float("inf")] * len(calls)
    for _ in range(repeats):
        for i, call in enumerate(calls):
            began = time.perf_counter()
            _wait(call)
            best[i] = min(best[i], time.perf_counter() - began)
    return best


def _wait(call: Callable[[], Any]) -> None:
    for leaf in jax.tree.leaves(call()):
        if isinstance(leaf, jax.Array):  # a training's outcome is of floats, which were waited for
            leaf.block_until_ready()
