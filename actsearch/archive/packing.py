"""A controller's state taken apart into plain data and bytes, and put together again. Only `checkpoint` uses it.

All arrays become one run of bytes: one array costs Orbax a tenth of what thirty cost, and bytes hold every dtype and
the empty arrays, which it refuses.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

_PLAIN = (bool, int, float, str, type(None))


class Packed(NamedTuple):
    """A state as plain data and bytes.

    Attributes:
      plain: a list of one element, the state with None in the place of each array.
      leaves: where in `plain` each array stands, in the order of its bytes, and all else that is not in them.
      data: [n] uint8, the elements of all arrays, each array in C order.
    """

    plain: list[Any]
    leaves: list[dict[str, Any]]
    data: np.ndarray


def pack(state: Any) -> Packed:
    """Returns a state as plain data and bytes, from which `unpack` makes its equal, bit for bit.

    Args:
      state: dicts with text keys and lists, to any depth, of bool, int, float, text, None, NumPy arrays and scalars,
        JAX arrays and typed keys. Arrays may have any shape and any dtype without fields or Python objects.

    Raises:
      TypeError: the state holds something else; the message says where.

    Example:
      >>> packed = pack({"rng": 2**100, "weights": np.ones(3, np.float16)})
      >>> packed.plain, packed.data.nbytes
      ([{'rng': 1267650600228229401496703205376, 'weights': None}], 6)
      >>> unpack(packed)
      {'rng': 1267650600228229401496703205376, 'weights': array([1., 1., 1.], dtype=float16)}
    """
    leaves: list[dict[str, Any]] = []
    chunks: list[np.ndarray] = []

    def visit(value: Any, path: list[Any]) -> Any:
        if type(value) in _PLAIN:
            return value
        if type(value) is list:
            return [visit(item, [*path, i]) for i, item in enumerate(value)]
        if type(value) is dict:
            return {_text_key(key, path): visit(item, [*path, key]) for key, item in value.items()}
        kind, array = _array(value, path)
        leaves.append({"path": path, **kind, "dtype": _dtype_name(array, path), "shape": list(array.shape)})
        chunks.append(np.ascontiguousarray(array).reshape(-1).view(np.uint8))
        return None

    plain = visit([state], [])
    return Packed(plain, leaves, np.concatenate([np.empty(0, np.uint8), *chunks]))


def unpack(packed: Packed) -> Any:
    """Returns the state that was packed; JAX arrays on the default device.

    Raises:
      ValueError: a JAX array has 64 bits, and `jax_enable_x64` is off here.
    """
    start = 0
    for leaf in packed.leaves:
        array = np.empty(leaf["shape"], np.dtype(leaf["dtype"]))
        array.reshape(-1).view(np.uint8)[:] = packed.data[start : start + array.nbytes]
        start += array.nbytes
        inside: Any = packed.plain
        *way, last = leaf["path"]
        for step in way:
            inside = inside[step]
        inside[last] = _restored(leaf, array)
    return packed.plain[0]


def _array(value: Any, path: list[Any]) -> tuple[dict[str, Any], np.ndarray]:
    """Returns what a leaf is, and its elements."""
    if type(value) is np.ndarray:
        return {"kind": "numpy"}, value
    if isinstance(value, np.generic):
        return {"kind": "scalar"}, np.asarray(value)
    if isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
        return {"kind": "key", "implementation": str(jax.random.key_impl(value))}, np.asarray(
            jax.random.key_data(value)
        )
    if isinstance(value, jax.Array):
        return {"kind": "jax", "weak": value.weak_type}, np.asarray(value)
    raise TypeError(
        f"A controller's state holds dicts with text keys, lists, numbers, text, None and arrays; received a "
        f"{type(value).__name__} at {_place(path)}: keep it as one of these."
    )


def _restored(leaf: dict[str, Any], array: np.ndarray) -> Any:
    match leaf["kind"]:
        case "numpy":
            return array
        case "scalar":
            return array[()]
        case "key":
            return jax.random.wrap_key_data(jnp.asarray(array), impl=leaf["implementation"])
    restored = jnp.asarray(array)
    if leaf["weak"]:  # of Python numbers: in a sum it takes the dtype of its partner, and must go on doing so
        restored = jnp.full(array.shape, array.dtype.type(0).item()).at[...].set(restored)
    if restored.dtype != array.dtype:
        problem = (
            f"The saved state has a JAX array of {array.dtype} at {_place(leaf['path'])}, read as {restored.dtype}"
        )
        raise ValueError(f"{problem}: set jax_enable_x64 as it was when the state was saved.")
    return restored


def _dtype_name(array: np.ndarray, path: list[Any]) -> str:
    """Returns the text from which NumPy makes an array's dtype again."""
    dtype = array.dtype
    name = dtype.name if dtype.isbuiltin == 2 else dtype.str  # 2: added to NumPy by a package, such as bfloat16
    if dtype.hasobject or np.dtype(name) != dtype:
        raise TypeError(f"The array at {_place(path)} of a controller's state has dtype {dtype}: use a plain dtype.")
    return name


def _text_key(key: Any, path: list[Any]) -> str:
    if type(key) is not str:
        raise TypeError(f"A dict of a controller's state has text keys; received {key!r} at {_place(path)}.")
    return key


def _place(path: list[Any]) -> str:
    return "state" + "".join(f"[{step!r}]" for step in path[1:])
