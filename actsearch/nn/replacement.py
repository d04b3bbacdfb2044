"""Sites of a network that was written without them: a candidate wherever it calls a named function, such as `nn.relu`.

The network's forward pass is traced to a jaxpr, in which JAX keeps the call of `jax.nn.relu`, `silu`, `gelu` or a
function under `jax.jit` as one equation with its name; the candidate is called in its place. Replacing names in modules
instead would miss `from jax.nn import relu`, closures and functions stored in an attribute, and is not thread-safe.
"""

import dataclasses
import functools
import importlib
import inspect
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen, nnx
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

from actsearch.language import ActsearchError
from actsearch.nn.layer import LayerFactory

_CALLS = ("jit", "pjit")
_SWITCHES = ("train", "training", "is_training")


@dataclasses.dataclass(frozen=True)
class Replaced:
    """A network configuration made by `sites_of`; called with a layer factory it makes the network.

    Attributes:
      network: rngs -> NNX module, or a Linen module.
      shape: of one input, without the batch axis.
      replace: the function whose calls are sites.
      dtype: of the inputs.
    """

    network: Callable[[nnx.Rngs], nnx.Module] | linen.Module
    shape: tuple[int, ...]
    replace: Callable[[jax.Array], jax.Array]
    dtype: str = "float32"

    def __call__(self, layer: LayerFactory, *, rngs: nnx.Rngs) -> nnx.Module:
        """Returns the network with `layer(features)` wherever it calls the function."""
        streams = nnx.Rngs(rngs.params())  # the stream serves dropout too
        example = jnp.zeros((2, *self.shape), self.dtype)
        if isinstance(self.network, linen.Module):
            inner: nnx.Module = _Linen(self.network, example, streams)
        else:
            inner = self.network(streams)
        return _Network(inner, self.replace, layer, example)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles the function by its name, since `jax.nn.relu` is an object that pickle takes apart."""
        name = self.replace.__module__, self.replace.__qualname__
        if getattr(importlib.import_module(name[0]), name[1], None) is not self.replace:
            raise pickle.PicklingError(f"{_name(self.replace)} is no function of a module")
        return _restored, (self.network, self.shape, *name, self.dtype)


def sites_of(
    network: Callable[[nnx.Rngs], nnx.Module] | linen.Module,
    shape: tuple[int, ...],
    *,
    replace: Callable[[jax.Array], jax.Array] = nnx.relu,
    dtype: str = "float32",
) -> Replaced:
    """Returns a network configuration with a site wherever an unedited network calls a function.

    The candidate's parameters and statistics are held by the network, one layer a call; the last axis is its features.

    Args:
      network: rngs -> NNX module, such as `lambda rngs: CNN(rngs=rngs)` (a function of a module where it shall be
        pickled), or a Linen module, whose argument `train`, `training`, `is_training`, `deterministic` or
        `use_running_average` is set where it has one.
      shape: of one input, without the batch axis.
      replace: a function that JAX records as one call: those of `jax.nn`, or one of your own under `jax.jit`. Calls
        with other options than its defaults are not sites.
      dtype: of the inputs.

    Raises:
      ActsearchError: when the network is made: it never calls the function, calls it in a loop, a branch or `remat`, or
        on an array without a features axis; or the function leaves no trace of its name.

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
    return Replaced(network, tuple(shape), replace, dtype)


def _restored(network: Any, shape: tuple[int, ...], module: str, name: str, dtype: str) -> Replaced:
    return Replaced(network, shape, getattr(importlib.import_module(module), name), dtype)


class _Network(nnx.Module):
    """A network and the layers of its sites, in the order of the calls."""

    def __init__(self, inner: nnx.Module, replace: Callable[..., jax.Array], layer: LayerFactory, example: jax.Array):
        self.inner, self.replace = inner, replace
        features = list(_features(_trace(inner, example)[0], replace))
        if not features:
            raise ActsearchError(
                f"The network never calls {_name(replace)}: give replace the function that it calls, with the same "
                "options."
            )
        self.layers = nnx.List([layer(width) for width in features])

    def __call__(self, x: jax.Array) -> jax.Array:
        closed, tree, arguments = _trace(self.inner, x)
        layers = iter(self.layers)
        leaves = _run(closed.jaxpr, closed.consts, arguments, self.replace, layers)
        y, rest = jax.tree.unflatten(tree, leaves)
        nnx.update(self.inner, rest)
        output: jax.Array = y
        return output


class _Linen(nnx.Module):
    """A Linen module that holds its variables as NNX does; `train` and `eval` set its switch."""

    def __init__(self, module: linen.Module, example: jax.Array, rngs: nnx.Rngs):
        self.module, self.deterministic = module, False  # `train` and `eval` set it
        self.streams = rngs.fork()
        keys = {"params": rngs.params(), "dropout": rngs.dropout()}
        variables = dict(module.init(keys, example, **self._switch()))
        self.weights = nnx.data(jax.tree.map(nnx.Param, variables.pop("params", {})))
        self.others = nnx.data(jax.tree.map(nnx.BatchStat, variables))

    def set_view(self, deterministic: bool | None = None) -> None:
        """Sets what `nnx.view` sets: whether a call evaluates; None leaves it."""
        if deterministic is not None:
            self.deterministic = deterministic

    def __call__(self, x: jax.Array) -> jax.Array:
        variables = {"params": _values(self.weights), **_values(self.others)}
        keys = {"dropout": self.streams.dropout()} if not self.deterministic else {}
        changing = list(self.others) if not self.deterministic else []
        y, changed = self.module.apply(variables, x, rngs=keys, mutable=changing, **self._switch())
        held = jax.tree.leaves(self.others, is_leaf=_is_variable)
        for variable, value in zip(held if changing else [], jax.tree.leaves(changed), strict=True):
            variable[...] = value
        output: jax.Array = y
        return output

    def _switch(self) -> dict[str, Any]:
        names = inspect.signature(type(self.module).__call__).parameters
        positive: dict[str, Any] = {name: not self.deterministic for name in _SWITCHES if name in names}
        negative = ("deterministic", "use_running_average")
        return positive | {name: self.deterministic for name in negative if name in names}


def _is_variable(node: Any) -> bool:
    return isinstance(node, nnx.Variable)


def _values(tree: Any) -> Any:
    return jax.tree.map(lambda variable: variable[...], tree, is_leaf=_is_variable)


def _trace(inner: nnx.Module, x: jax.Array) -> tuple[ClosedJaxpr, Any, list[jax.Array]]:
    """Returns the jaxpr of (state, x) -> (output, changed state), the structure of its result, and its arguments."""
    graph, state = nnx.split(inner)

    def forward(state: Any, x: jax.Array) -> Any:
        network: Any = nnx.merge(graph, state)
        return network(x), nnx.state(network, nnx.Not(nnx.Param))

    closed, shapes = jax.make_jaxpr(forward, return_shape=True)(state, x)
    return closed, jax.tree.structure(shapes), jax.tree.leaves((state, x))


def _features(closed: ClosedJaxpr, replace: Callable[..., jax.Array]) -> Iterator[int]:
    """Yields the features of every site; raises where a site cannot take a candidate."""
    for equation in closed.jaxpr.eqns:
        if _is_site(equation, replace):
            shape = equation.invars[0].aval.shape
            if len(shape) < 2:
                raise ActsearchError(
                    f"The network calls {_name(replace)} on an array of shape {shape}, where a candidate needs "
                    "[batch, ..., features]: call it on such an array."
                )
            yield shape[-1]
        else:
            inside = [width for part in _parts(equation) for width in _features(part, replace)]
            if inside and equation.primitive.name not in _CALLS:
                raise ActsearchError(
                    f"The network calls {_name(replace)} inside {equation.primitive.name} of JAX, where a candidate's "
                    "state cannot be carried: write the loop, branch or remat as plain Python."
                )
            yield from inside


def _run(
    jaxpr: Jaxpr, constants: Any, arguments: Any, replace: Callable[..., jax.Array], layers: Iterator[Any]
) -> list[jax.Array]:
    """Evaluates a jaxpr with the next layer called at each site; inner functions of `jit` that have one are inlined."""
    values = dict(zip((*jaxpr.constvars, *jaxpr.invars), (*constants, *arguments), strict=True))

    def read(atom: Any) -> Any:
        return atom.val if isinstance(atom, Literal) else values[atom]

    for equation in jaxpr.eqns:
        inputs = [read(atom) for atom in equation.invars]
        if _is_site(equation, replace):
            outputs = [next(layers)(inputs[0])]
        elif equation.primitive.name in _CALLS and any(_features(equation.params["jaxpr"], replace)):
            inner = equation.params["jaxpr"]
            outputs = _run(inner.jaxpr, inner.consts, inputs, replace, layers)
        else:
            primitive: Any = equation.primitive
            bound = primitive.get_bind_params(equation.params)
            functions, options = bound if isinstance(bound, tuple) else ((), bound)  # JAX's form of it differs
            result = primitive.bind(*functions, *inputs, **options)
            outputs = result if equation.primitive.multiple_results else [result]
        values.update(zip(equation.outvars, outputs, strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def _is_site(equation: Any, replace: Callable[..., jax.Array]) -> bool:
    """Returns whether an equation is the function's call: same kind of call, same name, same body."""
    if len(equation.invars) != 1:
        return False
    aval = equation.invars[0].aval
    is_float = hasattr(aval, "dtype") and jnp.issubdtype(aval.dtype, jnp.floating)
    return is_float and _signature(equation) == _call(replace, aval.shape, aval.dtype)


@functools.lru_cache(maxsize=256)
def _call(replace: Callable[..., jax.Array], shape: tuple[int, ...], dtype: Any) -> tuple[str, str, str]:
    """Returns the signature of the one equation that a function is."""
    equations = jax.make_jaxpr(replace)(np.empty(shape, dtype)).eqns
    if len(equations) != 1 or len(equations[0].invars) != 1:
        raise ActsearchError(
            f"JAX does not record {_name(replace)} as one call, so that none can be found: give relu, silu, elu "
            "or another of jax.nn that it does, or call a function of your own under jax.jit in the network."
        )
    return _signature(equations[0])


def _signature(equation: Any) -> tuple[str, str, str]:
    """Returns the primitive, the name of an inner function, and its body, in which the names of further ones stand."""
    return equation.primitive.name, str(equation.params.get("name")), str([part.jaxpr for part in _parts(equation)])


def _parts(equation: Any) -> list[ClosedJaxpr]:
    """Returns the jaxprs among an equation's parameters."""
    found: list[ClosedJaxpr] = []
    for value in equation.params.values():
        for item in value if isinstance(value, tuple | list) else (value,):
            if isinstance(item, ClosedJaxpr):
                found.append(item)
            elif isinstance(item, Jaxpr) and not item.constvars:
                found.append(ClosedJaxpr(item, ()))
    return found


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", repr(function))
