"""What a trainer compiles: the jobs of every row of a mesh, one lane's or several side by side, turn after turn."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from actsearch.engine import LayerFunction
from actsearch.evaluation.data_axis import own_stream
from actsearch.evaluation.devices import DataParallel
from actsearch.evaluation.one_training import Training, TrainState
from actsearch.nn import Layer, LayerFactory
from actsearch.tasks import Examples, Task

Measure = Callable[[Training], Any]
"""What is done with a candidate, `train` or `ascend`: returns a pytree of scalars; traced and compiled."""

Candidate = Callable[[jax.Array, int], LayerFunction]
"""Traced int32 choices, and how many lanes share the trace -> the candidate."""


def sharded(run: Callable[..., Any], mesh: Mesh) -> Any:
    """Returns `run_jobs`, its first arguments bound, as one compiled function over a mesh."""
    split, whole = P("candidate"), P()  # type: ignore[no-untyped-call]
    states = TrainState(whole, P(None, None, "data"), whole)  # type: ignore[no-untyped-call, arg-type]
    specs = (split, split, states, whole, whole)
    # Replicated at the end, so that every process of several can read all outcomes.
    replicated = NamedSharding(mesh, whole)
    split_run = jax.shard_map(run, mesh=mesh, in_specs=specs, out_specs=split, check_vma=False)
    return jax.jit(split_run, out_shardings=replicated)


def run_jobs(
    task: Task,
    candidate: Candidate,
    measure: Measure,
    lanes: int,
    layout: DataParallel,
    own_layer: LayerFactory | None,
    turns: jax.Array,
    jobs: tuple[jax.Array, jax.Array, jax.Array],
    states: TrainState,
    data: Examples,
    part: Examples,
) -> Any:
    """Runs the share of one row of the mesh: its turns and jobs have a leading axis of 1, batches are one's own part.

    One lane is no `vmap`: a batched choice would run every branch of the interpreter.
    """

    def run(job: tuple[jax.Array, jax.Array, jax.Array]) -> Any:
        choices, start, rate_scale = job
        state = jax.tree.map(lambda leaf: leaf[start], states)
        state = state._replace(key=own_stream(layout.axis_name, state.key))
        function = candidate(choices, lanes)

        def layer(features: int) -> Layer:
            return Layer(function, features, groups=task.groups)

        training = Training(
            task, own_layer or layer, state, rate_scale, data, part, layout.axis_name, layout.synchronized
        )
        return measure(training)

    @functools.partial(jax.jit, inline=True)  # traced once: its shapes are asked for before it is run
    def side_by_side(jobs: tuple[jax.Array, jax.Array, jax.Array]) -> Any:
        if lanes > 1:
            return jax.vmap(run)(jobs)
        return jax.tree.map(lambda value: value[None], run(jax.tree.map(lambda rows: rows[0], jobs)))

    def body(turn: jax.Array, outcomes: Any) -> Any:
        found = side_by_side(jax.tree.map(lambda rows: rows[0, turn], jobs))
        return jax.tree.map(lambda rows, values: rows.at[0, turn].set(values), outcomes, found)

    one = jax.eval_shape(side_by_side, jax.tree.map(lambda rows: rows[0, 0], jobs))
    empty = jax.tree.map(lambda leaf: jnp.zeros((*jobs[1].shape[:2], *leaf.shape), leaf.dtype), one)
    # A loop with a traced bound runs no idle turns when a device's share is not full.
    return jax.lax.fori_loop(0, turns[0], body, empty)
