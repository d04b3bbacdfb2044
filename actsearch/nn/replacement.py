"""Sites of a network that was written without them: a candidate wherever it calls a named function, such as `nn.relu`.

The network's forward pass is traced to a jaxpr, in which calls.py finds the function; the candidate is called in its
place. Replacing names in modules instead would miss `from jax.nn import relu`, closures and functions stored in an
attribute, and is not thread-safe.
"""

import dataclasses
import functools
import importlib
import inspect
import pickle
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen, nnx
from jax.extend.core import ClosedJaxpr

from actsearch.language import ActsearchError
from actsearch.nn.calls import call_widths, name_of, run_replaced
from actsearch.nn.held_linen import HeldLinen
from actsearch.nn.layer import LayerFactory


@dataclasses.dataclass(frozen=True)
class Replaced:
    """A network configuration made by `sites_of`; called with a layer factory it makes the network.

    Attributes:
      network: rngs -> NNX or Linen module, or a Linen module.
      shape: of one input, without the batch axis.
      replace: the function whose calls are sites.
      dtype: of the inputs.
    """

    network: Callable[[nnx.Rngs], nnx.Module | linen.Module] | linen.Module
    shape: tuple[int, ...]
    replace: Callable[[jax.Array], jax.Array]
    dtype: str = "float32"

    def __call__(self, layer: LayerFactory, *, rngs: nnx.Rngs) -> nnx.Module:
        """Returns the network with `layer(features)` wherever it calls the function."""
        streams = nnx.Rngs(rngs.params())  # the stream serves dropout too
        example = jnp.zeros((2, *self.shape), self.dtype)
        inner = self.network if isinstance(self.network, linen.Module) else self.network(streams)
        if isinstance(inner, linen.Module):
            inner = HeldLinen(inner, example, streams)
        return _Network(inner, self.replace, layer, example)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles the function by its name, since `jax.nn.relu` is an object that pickle takes apart."""
        name = getattr(self.replace, "__module__", "builtins"), getattr(self.replace, "__qualname__", "")
        if getattr(importlib.import_module(name[0]), name[1], None) is not self.replace:
            raise pickle.PicklingError(f"{name_of(self.replace)} is no function of a module")
        return _restored, (self.network, self.shape, *name, self.dtype)


def sites_of(
    network: Callable[[nnx.Rngs], nnx.Module | linen.Module] | linen.Module,
    shape: tuple[int, ...],
    *,
    replace: Callable[[jax.Array], jax.Array] = nnx.relu,
    dtype: str = "float32",
) -> Replaced:
    """Returns a network configuration with a site wherever an unedited network calls a function.

    The candidate's parameters and statistics are held by the network, one layer a call; the last axis is its features.
    Under `vmap` one layer serves all members, whose axis counts as the batch's. Where a network takes derivatives of
    itself, by `jax.grad` inside its call, write it with a layer factory: those would stay the function's own.

    Args:
      network: rngs -> NNX module, a class where it takes `rngs` alone and by position, or a function, such as
        `lambda rngs: CNN(rngs=rngs)` (a function of a module where it shall be pickled); or a Linen module, whose
        argument `train`, `training`, `is_training`, `deterministic` or `use_running_average` is set where it has one. A
        Linen module that holds functions or modules cannot be pickled: give a function that makes it.
      shape: of one input, without the batch axis.
      replace: a function of one array: of `jax.nn`, or one of your own. One under `jax.jit` is found by its name and
        body, any other by its operations, wherever they stand in a row, inside other functions too: `sigmoid` in
        `silu`, `relu6` in `hard_swish`. Calls with other options than its defaults are
        not sites; a function of your own that calls it with those options is found there.
      dtype: of the inputs.

    Raises:
      ActsearchError: a network or a shape of another kind; when the network is made: it never calls the function, calls
        it in a loop, a branch or `remat`, or on an array without a features axis; the function leaves no trace; or on a
        call: it is called at other places than when the network was made.

    Example:
      >>> import jax.numpy as jnp
      >>> from flax import nnx
      >>> from actsearch.nn import sites_of
      >>> def network(rngs):
      ...     return nnx.Sequential(nnx.Linear(8, 4, rngs=rngs), nnx.relu, nnx.Linear(4, 2, rngs=rngs))
      >>> searched = sites_of(network, (8,), replace=nnx.relu)(lambda features: jnp.sin, rngs=nnx.Rngs(params=0))
      >>> searched(jnp.ones((3, 8))).shape
      (3, 2)
    """
    _check_network(network)
    if not isinstance(shape, Sequence):
        raise ActsearchError(f"shape is that of one input, without the batch axis, such as (8,); received {shape!r}.")
    return Replaced(network, tuple(shape), replace, dtype)


def _check_network(network: Any) -> None:
    if isinstance(network, linen.Module):
        try:
            hash(network)
        except TypeError as error:
            raise ActsearchError(
                f"The Linen module {type(network).__name__} cannot be hashed: give it tuples for lists, or give a "
                "function of a module, def network(rngs), that returns it."
            ) from error
        return
    if isinstance(network, type) and issubclass(network, linen.Module):
        raise ActsearchError(f"sites_of takes a Linen module, not its class: write {network.__name__}(...).")
    if isinstance(network, nnx.Module):
        name = type(network).__name__
        raise ActsearchError(
            f"sites_of makes the network itself, with new weights for every seed: give the class {name}, or a function "
            f"rngs -> {name}; received a network."
        )
    is_class = isinstance(network, type)  # whose metaclass takes any arguments
    made = functools.partial(network.__init__, None) if is_class else network
    try:
        inspect.signature(made).bind(None)
    except TypeError as error:
        name = name_of(network)
        raise ActsearchError(
            f"sites_of calls {name}(rngs), which does not fit its arguments ({error}): give a function of a module, "
            f"def network(rngs): return {name}(..., rngs=rngs)."
        ) from error


def _restored(network: Any, shape: tuple[int, ...], module: str, name: str, dtype: str) -> Replaced:
    return Replaced(network, shape, getattr(importlib.import_module(module), name), dtype)


class _Network(nnx.Module):
    """A network and the layers of its sites, in the order of the calls."""

    def __init__(self, inner: Any, replace: Callable[..., jax.Array], layer: LayerFactory, example: jax.Array):
        self.inner, self.replace = inner, replace
        inner.train()  # Flax's attention with dropout cannot be called before
        self.features = tuple(call_widths(_trace(inner, example)[0].jaxpr, replace))
        if not self.features:
            raise ActsearchError(
                f"The network never calls {name_of(replace)}: give replace the function that it calls, with the same "
                "options."
            )
        self.layers = nnx.List([layer(width) for width in self.features])

    def __call__(self, x: jax.Array) -> jax.Array:
        closed, tree, arguments = _trace(self.inner, x)
        features = tuple(call_widths(closed.jaxpr, self.replace))
        if features != self.features:
            raise ActsearchError(
                f"The network calls {name_of(self.replace)} on arrays of {list(features)} features, and of "
                f"{list(self.features)} when it was made, in training with a batch of 2: let these calls depend "
                "neither on `train` nor on the batch."
            )
        layers = iter(self.layers)
        leaves = run_replaced(closed, arguments, self.replace, layers)
        y, rest = jax.tree.unflatten(tree, leaves)
        nnx.update(self.inner, rest)
        output: jax.Array = y
        return output


def _trace(inner: nnx.Module, x: jax.Array) -> tuple[ClosedJaxpr, Any, list[jax.Array]]:
    """Returns the jaxpr of (state, x) -> (output, changed state), the structure of its result, and its arguments."""
    graph, state = nnx.split(inner)

    def forward(state: Any, x: jax.Array) -> Any:
        network: Any = nnx.merge(graph, state)
        return network(x), nnx.state(network, nnx.Not(nnx.Param))

    closed, shapes = jax.make_jaxpr(forward, return_shape=True)(state, x)
    return closed, jax.tree.structure(shapes), jax.tree.leaves((state, x))
