"""A Linen module as an NNX module, so that a network in Linen is searched as one in NNX; used by replacement.py."""

import inspect
from typing import Any

import jax
from flax import errors, linen, nnx

from actsearch.language import ActsearchError

_SWITCHES, _INVERSE = ("train", "training", "is_training"), ("deterministic", "use_running_average")


class HeldLinen(nnx.Module):
    """A Linen module that holds its variables as NNX does; `train` and `eval` set its switch."""

    def __init__(self, module: linen.Module, example: jax.Array, rngs: nnx.Rngs):
        self.module, self.deterministic = module, False  # `train` and `eval` set it
        self.streams = rngs.fork()
        keys = {"params": rngs.params(), "dropout": rngs.dropout()}
        variables = dict(module.init(keys, example, **self._switch()))
        self.weights = nnx.data(jax.tree.map(nnx.Param, variables.pop("params", {})))
        kinds = {name: nnx.BatchStat if name == "batch_stats" else nnx.Variable for name in variables}
        self.others = nnx.data({name: jax.tree.map(kinds[name], values) for name, values in variables.items()})

    def set_view(self, deterministic: bool | None = None) -> None:
        """Sets what `nnx.view` sets: whether a call evaluates; None leaves it."""
        if deterministic is not None:
            self.deterministic = deterministic

    def __call__(self, x: jax.Array) -> jax.Array:
        variables = {"params": _values(self.weights), **_values(self.others)}
        if self.deterministic:
            evaluated: jax.Array = self._evaluated(variables, x)
            return evaluated
        key = self.streams.dropout()
        keys = {"dropout": key, "params": jax.random.fold_in(key, 0)}  # Linen's others fall back to the latter
        y, changed = self.module.apply(variables, x, rngs=keys, mutable=list(self.others), **self._switch())
        held = dict(jax.tree.leaves_with_path(self.others, is_leaf=_is_variable))
        for path, value in jax.tree.leaves_with_path(changed):
            if path in held:  # what a call sows anew is nobody's state
                held[path][...] = value
        output: jax.Array = y
        return output

    def _evaluated(self, variables: Any, x: jax.Array) -> Any:
        try:
            output: Any = self.module.apply(variables, x, **self._switch())
        except (errors.InvalidRngError, errors.ModifyScopeVariableError) as error:
            raise ActsearchError(
                f"The Linen module {type(self.module).__name__} draws random numbers or changes statistics in "
                "evaluation, too: give its __call__ an argument `train`, and pass it on to Dropout and BatchNorm."
            ) from error
        return output

    def _switch(self) -> dict[str, Any]:
        _, _, *parameters = inspect.signature(type(self.module).__call__).parameters.values()
        values = dict.fromkeys(_SWITCHES, not self.deterministic) | dict.fromkeys(_INVERSE, self.deterministic)
        for one in parameters:
            if (
                one.name not in values
                and one.default is one.empty
                and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
            ):
                raise ActsearchError(
                    f"The Linen module {type(self.module).__name__} is called with an input and one of "
                    f"{', '.join(values)}; its __call__ wants {one.name}: rename it, or give it a default."
                )
        return {one.name: values[one.name] for one in parameters if one.name in values}


def _is_variable(node: Any) -> bool:
    return isinstance(node, nnx.Variable)


def _values(tree: Any) -> Any:
    return jax.tree.map(lambda variable: variable[...], tree, is_leaf=_is_variable)
