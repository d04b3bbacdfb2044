"""Digest of a task: one name cannot mean two things in one archive. The same in every process, whatever its hash seed.

It covers the data's bytes, the shapes of the network's weights, and the fields of the task. Fields are read by value;
functions and classes of actsearch by their names, the user's own by their code too, as Python compiled it.
"""

import dataclasses
import functools
import hashlib
from collections.abc import Callable, Iterator, Mapping
from types import CodeType
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from flax import nnx

from actsearch.language import parse
from actsearch.nn import Layer

if TYPE_CHECKING:
    from actsearch.tasks.base import Task


def digest(task: "Task") -> str:
    """Returns 32 hexadecimal digits that change with the data, the network, a field or the user's own code."""
    hasher = hashlib.blake2b(digest_size=16)
    for path, leaf in jax.tree.leaves_with_path(task.data()):
        _update(hasher, jax.tree_util.keystr(path), leaf)
    text = describe(task), _code_of_class(type(task)), _weights(task)
    hasher.update(repr(text).encode())
    return hasher.hexdigest()


def _update(hasher: hashlib.blake2b, name: str, leaf: Any) -> None:
    rows = np.ascontiguousarray(leaf)
    hasher.update(f"{name} {rows.dtype} {rows.shape}".encode())
    hasher.update(rows.reshape(-1).view(np.uint8).data)


def _weights(task: "Task") -> list[str]:
    """Returns path, shape and dtype of each of the network's weights, with an identity layer at every site."""
    network = nnx.eval_shape(lambda: task.init(lambda features: Layer(parse("x"), features), jax.random.key(0)))
    leaves = jax.tree.leaves_with_path(nnx.state(network, nnx.Param))
    return [f"{jax.tree_util.keystr(path)} {leaf.dtype}{leaf.shape}" for path, leaf in leaves]


def describe(value: Any) -> Any:
    """Returns a value as nested tuples of texts that are equal for equal values, in every process."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [field.name for field in dataclasses.fields(value) if field.compare]
        return (_name(type(value)), *((name, describe(getattr(value, name))) for name in fields))
    if isinstance(value, functools.partial):
        return "partial", describe(value.func), describe(value.args), describe(value.keywords)
    if isinstance(value, np.ndarray | jax.Array):
        hasher = hashlib.blake2b(digest_size=16)
        _update(hasher, "array", value)
        return hasher.hexdigest()
    if isinstance(value, Mapping):
        return tuple(sorted((repr(key), describe(item)) for key, item in value.items()))
    if isinstance(value, set | frozenset):
        return tuple(sorted(map(repr, map(describe, value))))
    if isinstance(value, tuple | list):
        return tuple(describe(item) for item in value)
    if isinstance(value, CodeType):
        return value.co_code.hex(), value.co_names, describe(value.co_consts)
    return _describe_callable(value) if callable(value) else repr(value)


def _describe_callable(value: Callable[..., Any]) -> Any:
    """Returns the name of a function or class, with its code where it is none of this package's."""
    function = getattr(value, "__wrapped__", value)
    if isinstance(function, type):
        return _name(function), _code_of_class(function)
    if not hasattr(function, "__qualname__"):
        return _name(type(function)), _code_of_class(type(function)), describe(vars(function))
    if _is_ours(function) or not hasattr(function, "__code__"):
        return _name(function)
    cells = tuple(describe(cell.cell_contents) for cell in function.__closure__ or ())
    return _name(function), describe(function.__code__), describe(function.__defaults__), cells


def _code_of_class(cls: type) -> tuple[Any, ...]:
    """Returns the code of the methods of a class and of its bases beside it, where these are none of this package's."""
    own = [base for base in cls.__mro__ if _package(base) == _package(cls) and not _is_ours(base)]
    return tuple(describe(function.__code__) for base in own for function in _methods(base))


def _methods(cls: type) -> Iterator[Any]:
    """Yields the methods that a class defines itself, by name; what `dataclass` generates is no method of its own."""
    for _, value in sorted(vars(cls).items()):
        function = getattr(value, "fget", None) or getattr(value, "func", value)
        if isinstance(getattr(function, "__code__", None), CodeType) and function.__code__.co_filename != "<string>":
            yield function


def _is_ours(value: Any) -> bool:
    return _package(value) == __name__.partition(".")[0]


def _package(value: Any) -> str:
    return str(value.__module__).partition(".")[0]


def _name(value: Any) -> str:
    return f"{value.__module__}.{value.__qualname__}"
