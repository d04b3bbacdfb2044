"""A Linen module as an NNX module, so that a network in Linen is searched as one in NNX; used by replacement.py."""

import inspect
from typing import Any

import jax
from flax import linen, nnx

_SWITCHES = ("train", "training", "is_training")


class HeldLinen(nnx.Module):
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
