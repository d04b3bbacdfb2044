"""Values as text, for identities: what differs in a value, a function or a class differs in text, in every process.

Tasks, spaces, gates and controllers identify what a user gave them by it. Functions and classes of libraries count by
their names; those of the user by their code as Python compiled it, by what they hold, and by what their code reads.
"""

import dataclasses
import functools
import hashlib
import sys
from collections.abc import Callable, Iterator, Mapping
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, get_origin

import jax
import jax.numpy as jnp
import numpy as np

from actsearch.language.errors import ActsearchError

_DEPENDENCIES = (
    "actsearch array_record chex flax google grain jax jaxlib matplotlib msgpack numpy optax orbax pandas PIL pyarrow"
    " rich scipy sklearn tensorflow tensorflow_datasets torch tyro"
)
LIBRARIES = frozenset(sys.stdlib_module_names) | frozenset(_DEPENDENCIES.split())
"""Packages whose functions and classes count by their names."""


def describe(value: Any) -> Any:
    """Returns a value as nested tuples of texts, equal for equal values in every process.

    It has the value itself, and then each function and class of the user that it leads to, once: with code, defaults,
    closure, class attributes, and the functions, classes and constants that the code reads from its module.

    Raises:
      ActsearchError: an object that is known by its place in memory alone.
    """
    return _Description().of(value)


def code_digest(value: Any) -> str:
    """Returns 16 hexadecimal digits of what `describe` returns.

    Example:
      >>> import functools
      >>> one, other = (functools.partial(pow, exp=exponent) for exponent in (2, 3))
      >>> code_digest(one) == code_digest(other)
      False
    """
    return hashlib.blake2b(repr(describe(value)).encode(), digest_size=8).hexdigest()


def update_with_array(hasher: "hashlib.blake2b", name: str, leaf: Any) -> None:
    """Adds an array to a hash: name, dtype, shape and bytes."""
    rows = np.ascontiguousarray(leaf)
    hasher.update(f"{name} {rows.dtype} {rows.shape}".encode())
    hasher.update(rows.reshape(-1).view(np.uint8).data)


class _Description:
    """One description. Functions and classes wait in a queue, so that those that call each other end."""

    def __init__(self) -> None:
        self._queue: list[Any] = []
        self._numbers: dict[int, int] = {}
        self._open: set[int] = set()  # containers and objects that are being described

    def of(self, value: Any) -> Any:
        texts = [self._value(value)]
        for item in self._queue:  # grows on the way
            texts.append(self._class(item) if isinstance(item, type) else self._function(item))
        return tuple(texts)

    def _value(self, value: Any) -> Any:
        if value is None or isinstance(value, str | bytes | bool | int | float | complex):
            return repr(value)
        if id(value) in self._open:
            return "itself"
        self._open.add(id(value))
        try:
            return self._compound(value)
        finally:
            self._open.remove(id(value))

    def _compound(self, value: Any) -> Any:
        if isinstance(value, functools.partial):
            return "partial", self._value(value.func), self._value(value.args), self._value(value.keywords)
        if isinstance(value, np.ndarray | jax.Array):
            return _array(value)
        if isinstance(value, Mapping):
            return "map", *sorted((repr(self._value(key)), self._value(item)) for key, item in value.items())
        if isinstance(value, set | frozenset):
            return "set", *(self._value(item) for item in sorted(value, key=_place))
        if isinstance(value, tuple | list):
            return tuple(self._value(item) for item in value)
        if isinstance(value, MethodType):
            return self._value(value.__self__), self._value(value.__func__)
        if get_origin(value) is not None:  # list[int]
            return repr(value)
        if isinstance(value, type):
            return self._reference(value, not _is_library(value))
        if hasattr(value, "__qualname__"):
            function = _unwrapped(value)
            return self._reference(function, not _is_library(function) or bool(getattr(function, "__closure__", None)))
        return self._object(value)

    def _object(self, value: Any) -> Any:
        kind = self._value(type(value))
        if dataclasses.is_dataclass(value):
            fields = [
                field.name for field in dataclasses.fields(value) if field.compare and not _is_silent(value, field)
            ]
            return kind, *((name, self._value(getattr(value, name))) for name in fields)
        by_repr = " at 0x" not in repr(value)
        if by_repr and (_is_library(type(value)) or not callable(value)):
            return kind, repr(value)
        if hasattr(value, "__dict__"):
            return kind, self._value(vars(value))
        raise ActsearchError(
            f"{value!r} is known by its place in memory alone, which another process cannot know: give a function, a "
            "frozen dataclass, or an object whose repr says what it is."
        )

    def _reference(self, value: Any, follow: bool) -> Any:
        """Returns the name of a function or class, and its place in the queue where more is to be said of it."""
        if not follow:
            return _name(value)
        if id(value) not in self._numbers:
            self._numbers[id(value)] = len(self._queue)
            self._queue.append(value)
        return _name(value), self._numbers[id(value)]

    def _function(self, function: Any) -> Any:
        closure = tuple(self._read(cell) for cell in _cells(function))
        if _is_library(function) or not isinstance(function, FunctionType):
            return _name(function), closure
        defaults = self._read(function.__defaults__), self._read(function.__kwdefaults__)
        read = tuple((name, self._read(value)) for name, value in _globals(function))
        return _name(function), _code(function.__code__), defaults, closure, read

    def _class(self, cls: type) -> Any:
        bases = tuple(self._value(base) for base in cls.__bases__)
        return _name(cls), bases, tuple((name, self._read(value)) for name, value in _attributes(cls))

    def _read(self, value: Any) -> Any:
        """Returns what is said of a value that code reads; one that no text can tell counts by its type."""
        try:
            return self._value(value)
        except ActsearchError:
            return _name(type(value))


def _is_silent(value: Any, field: "dataclasses.Field[Any]") -> bool:
    """Returns whether a field is left out: one that came later, `metadata={"later": True}`, and has its default.

    What was identified before the field was there keeps its text.
    """
    return bool(field.metadata.get("later")) and getattr(value, field.name) == field.default


def _place(item: Any) -> str:
    """Returns by what an item of a set is sorted: its order must not follow the hash seed."""
    return _name(item) if hasattr(item, "__qualname__") else repr(item)


def _array(value: Any) -> str:
    hasher = hashlib.blake2b(digest_size=16)
    is_key = jnp.issubdtype(value.dtype, jax.dtypes.prng_key)
    update_with_array(hasher, "array", jax.random.key_data(value) if is_key else value)
    return hasher.hexdigest()


def _code(code: CodeType) -> Any:
    constants = tuple(_code(item) if isinstance(item, CodeType) else _constant(item) for item in code.co_consts)
    return code.co_code.hex(), code.co_names, constants


def _constant(value: Any) -> str:
    return repr(sorted(map(repr, value))) if isinstance(value, frozenset) else repr(value)


def _cells(function: Any) -> Iterator[Any]:
    for cell in getattr(function, "__closure__", None) or ():
        try:
            yield cell.cell_contents
        except ValueError:  # a name that has no value yet
            yield None


def _globals(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Yields what a function reads from its module, and from modules of the user that it names."""
    names = sorted(_names(function.__code__))
    values = {name: function.__globals__[name] for name in names if name in function.__globals__}
    for name, value in values.items():
        if not isinstance(value, ModuleType):
            yield name, value
        elif value.__name__.partition(".")[0] not in LIBRARIES:
            yield from ((f"{name}.{part}", vars(value)[part]) for part in names if _is_value_of(value, part))


def _is_value_of(module: ModuleType, name: str) -> bool:
    return name in vars(module) and not isinstance(vars(module)[name], ModuleType)


def _names(code: CodeType) -> set[str]:
    nested = (_names(item) for item in code.co_consts if isinstance(item, CodeType))
    return set(code.co_names).union(*nested)


def _attributes(cls: type) -> Iterator[tuple[str, Any]]:
    """Yields methods and attributes that a class defines itself; nothing that `dataclass` or `abc` adds."""
    fields = getattr(cls, "__dataclass_fields__", {})
    for name, value in sorted(vars(cls).items()):
        function = _unwrapped(getattr(value, "fget", None) or getattr(value, "func", None) or value)
        if isinstance(function, FunctionType):
            if not (name.startswith("__") and fields and function.__code__.co_filename == "<string>"):
                yield name, function
        elif not name.startswith(("__", "_abc_")) and (name not in fields or fields[name].compare):
            yield name, value
    for name, field in sorted(fields.items()):
        if field.compare and field.default_factory is not dataclasses.MISSING:
            yield name, field.default_factory


def _unwrapped(function: Any) -> Any:
    """Returns the function inside decorators of libraries, such as `jax.jit` or `functools.cache`."""
    while hasattr(function, "__wrapped__") and (not isinstance(function, FunctionType) or _is_library(function)):
        function = function.__wrapped__
    return function


def _is_library(value: Any) -> bool:
    """Returns whether a function or class is a library's; of a function, where its code stands."""
    module = (
        value.__globals__.get("__name__") if isinstance(value, FunctionType) else getattr(value, "__module__", None)
    )
    return module is None or str(module).partition(".")[0] in LIBRARIES


def _name(value: type | Callable[..., Any]) -> str:
    module = getattr(value, "__module__", None)  # a method of a builtin has none
    return f"{str(module).partition('@')[0]}.{value.__qualname__}"  # behind @: the content of a user's file
