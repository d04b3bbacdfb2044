"""How JAX writes formulas: the rows that jax, flax, linen and equinox share.

A primitive that is a function of `jax.nn`, `jax.numpy` or `jax.scipy.special` is written as that; the package's own
functions are copied from their source, with their derivatives at kinks, so that they cannot differ.
"""

import ast
import functools
import inspect
from collections.abc import Mapping

import jax
import jax.numpy as jnp

from actsearch.export.row import INFIX, POWERS, Dialect, Row, Statistics, python_number
from actsearch.language import Precedence, Primitive, functions

_WIDENED = '''def _widened(function):
    """Computes in float32 at least: epsilon, squares and quotients leave the range of float16 before the value does."""

    @functools.wraps(function)
    def widened(*operands):
        dtype = jnp.result_type(*operands)
        wide = jnp.promote_types(dtype, jnp.float32)
        return function(*(jnp.asarray(operand, wide) for operand in operands)).astype(dtype)

    return widened'''

_GROUPS = {
    "group_mean": '''def group_mean(x, groups):
    """Mean over space and a group of channels, repeated for each channel of the group."""
    grouped = x.reshape(*x.shape[:-1], groups, -1)
    mean = jnp.mean(grouped, (*range(1, x.ndim - 1), -1), keepdims=True)
    return jnp.broadcast_to(mean, (*mean.shape[:-1], grouped.shape[-1])).reshape(*mean.shape[:-2], -1)''',
    "group_var": '''def group_var(x, groups):
    """Biased variance over space and a group of channels, repeated for each channel of the group."""
    return group_mean(jnp.square(x - group_mean(x, groups)), groups)''',
    "axes_of_space": '''def axes_of_space(x):
    """Axes between batch and channels."""
    if x.ndim < 3:
        raise ValueError(f"needs [batch, ..., channels] with an axis between them; received shape {x.shape}")
    return tuple(range(1, x.ndim - 1))''',
}

_MODULES = {"jax.nn": jax.nn, "jnp": jnp, "jax.scipy.special": jax.scipy.special}


def _sources() -> dict[str, str]:
    """Returns the source of each definition of the package's own functions, a derivative rule after its function."""
    text = inspect.getsource(functions)
    lines = text.splitlines()
    sources: dict[str, str] = {}
    for statement in ast.parse(text).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)]):
                sources[name] = lines[statement.lineno - 1]
            case ast.FunctionDef(name=name):
                first = min([statement.lineno, *(one.lineno for one in statement.decorator_list)])
                source = "\n".join(lines[first - 1 : statement.end_lineno])
                owner = name.removesuffix("_jvp")
                if owner in sources:
                    sources[owner] += f"\n\n\n{source}"
                else:
                    sources[name] = source
    return sources | {"_widened": _WIDENED}


@functools.cache
def _home(primitive: Primitive) -> Row | None:
    """Returns the row of a primitive that is a function of JAX, or of the package's own."""
    places = ", ".join(["{}"] * primitive.arity)
    name = getattr(primitive.function, "__name__", "")
    for text, module in _MODULES.items():
        if getattr(module, name, None) is primitive.function:
            return Row(f"{text}.{name}({places})")
    own = getattr(functions, name, None) is primitive.function
    return Row(f"{name}({places})") if own else None


ROWS = (
    INFIX
    | POWERS
    | {
        "div": Row("div({}, {})"),
        "safe_div": Row("safe_div({}, {})"),
        "minzero": Row("-jax.nn.relu(-{:sign})", Precedence.SIGN),
        "gelu": Row("jax.nn.gelu({}, approximate=False)"),
        "signed_log": Row("jnp.sign({0}) * log_abs({0})", Precedence.PRODUCT),
        "sigmul": Row("jax.nn.sigmoid({}) * {:sign}", Precedence.PRODUCT),
        "erf": Row("jax.scipy.special.erf({})"),
        "erfc": Row("jax.scipy.special.erfc({})"),
        "bessel_i0e": Row("jax.scipy.special.i0e({})"),
        "bessel_i1e": Row("jax.scipy.special.i1e({})"),
    }
)
"""Those that are not, or not yet, a function of JAX under its own name."""

_RESERVED = (
    "x y self epsilon momentum groups num_features batch space example dtype value rngs averaged use_running_average "
    "train eval sow perturb iter_modules iter_children set_attributes "  # of NNX
    "name parent scope path variables param variable put_variable apply init bind unbind clone copy setup lazy_init "
    "has_rng make_rng has_variable get_variable is_initializing is_mutable_collection module_paths tabulate "
    "init_with_output share_scope unfreeze "  # of Linen
    "state inference"  # of Equinox
)

_IMPORTS = {
    "functools": "import functools",
    "Callable": "from collections.abc import Callable",
    "jax": "import jax",
    "jnp": "import jax.numpy as jnp",
    "np": "import numpy as np",
    "Array": "from jax import Array",
}
"""In the order of an import block."""


def dialect(imports: Mapping[str, str], statistics: Statistics) -> Dialect:
    """Returns JAX's dialect, with what a kind of module adds: imports, and how it keeps a moving average."""
    return Dialect(
        rows=ROWS,
        helpers=_sources() | _GROUPS,
        imports=dict(sorted((_IMPORTS | dict(imports)).items(), key=_import_order)),
        number=python_number,
        filled="jnp.full_like(x, {})",
        expanded="jnp.broadcast_to({}, x.shape)",
        statistics=statistics,
        reserved=frozenset(_RESERVED.split()),
        unguarded=INFIX["div"],
        derived=_home,
    )


def statistics(average: str | None = None, epsilon: str = "self.epsilon", groups: str = "self.groups") -> Statistics:
    """Returns how JAX writes statistics.

    Args:
      average: see `Statistics`.
      epsilon: the constant inside roots.
      groups: the number of groups.
    """
    return Statistics(
        moments={
            "mean": "jnp.mean({x}, {axes})",
            "rms": "jnp.mean(jnp.square({x}), {axes})",
            "std": "jnp.var({x}, {axes})",
        },
        group_moments={
            "mean": f"group_mean({{x}}, {groups})",
            "rms": f"group_mean(jnp.square({{x}}), {groups})",
            "std": f"group_var({{x}}, {groups})",
        },
        keep=", keepdims=True",
        root=f"jnp.sqrt({{}} + {epsilon})",
        average=average,
    )


def _import_order(item: tuple[str, str]) -> tuple[bool, str]:
    """Orders the lines of an import block: whole modules before parts of them."""
    return item[1].startswith("from"), item[1]
