"""The target `equinox`: an Equinox module over a whole batch, its moving averages in `eqx.nn.State`."""

from actsearch.export.jax_dialect import dialect, statistics
from actsearch.export.jax_function import definition
from actsearch.export.jax_test import function_test, module_test
from actsearch.export.module import JAX_SETTINGS, SMALLER_GROUPS, Module, class_source, jax_call, module, used
from actsearch.export.numbers import numbers
from actsearch.export.python_file import indented, python_file
from actsearch.export.subject import Subject
from actsearch.export.target import Target

DIALECT = dialect(
    {"eqx": "import equinox as eqx"},
    statistics("{name}, state = self.averaged(self.{average}, {moment}, state)"),
)

_AVERAGED = '''def averaged(self, average, moment, state):
    """Returns the moving average in evaluation; in training the moment of the batch, which updates the average."""
    old = state.get(average)
    if self.inference:
        return old, state
    new = self.momentum * old + (1 - self.momentum) * jax.lax.stop_gradient(moment)
    return moment, state.set(average, new.astype(old.dtype))'''

_NOTE = "Called with a whole batch [batch, ..., channels], not under vmap."
_STATE = "Make it by `eqx.nn.make_with_state`; `eqx.nn.inference_mode(module)` evaluates."


def equinox_module(subject: Subject) -> str:
    """Returns a file with an Equinox module."""
    one = module(subject, DIALECT, "self.{}")
    if not one.holds:
        return python_file(subject, DIALECT, "JAX and Equinox", definition(subject), lambda: function_test(subject))
    return python_file(subject, DIALECT, "Equinox", _definition(subject, one), lambda: _test(subject, one))


def _definition(subject: Subject, one: Module) -> str:
    arguments = {"num_features": "size of the last axis."} if one.has_channels else {}
    arguments |= {name: text for name, (_, text) in used(one, JAX_SETTINGS).items()}
    members = [_fields(one), _init(one), _call(subject, one), *([_AVERAGED] if one.body.averages else [])]
    note = " ".join([_NOTE, _STATE] if one.body.averages else [_NOTE] if one.has_statistics else [])
    return class_source(subject, "eqx.Module", arguments, members, note=note)


def _fields(one: Module) -> str:
    settings = used(one, JAX_SETTINGS)
    lines = [f"{name}: jax.Array" for name in one.parameters]
    lines += [f"{name}: eqx.nn.StateIndex" for name, _ in one.body.averages]
    lines += [f"{name}: {type(value).__name__} = eqx.field(static=True)" for name, (value, _) in settings.items()]
    return "\n".join([*lines, *(["inference: bool"] if one.body.averages else [])])


def _init(one: Module) -> str:
    settings = used(one, JAX_SETTINGS)
    lines = [f"self.{name} = {name}" for name in settings if name != "groups"]
    if "groups" in settings:
        lines.append(f"self.groups = {SMALLER_GROUPS.format(most='groups', channels='num_features')}")
    lines += [f"self.{name} = {one.initial(name, 'jnp', 'array')}" for name in one.parameters]
    for name, _ in one.body.averages:
        lines.append(f"self.{name} = eqx.nn.StateIndex({one.initial(name, 'jnp', 'array')})")
    options = [f"{name}={default}" for name, (default, _) in settings.items()]
    if one.body.averages:
        lines.append("self.inference = False")
    size = ["num_features"] * one.has_channels
    return f"def __init__({', '.join(['self', *size, *options])}):\n" + indented(lines)


def _call(subject: Subject, one: Module) -> str:
    state = ["state"] if one.body.averages else []
    lines = jax_call(subject, one, [], "{}, state" if state else "{}")
    return f"def __call__({', '.join(['self', *subject.program.arguments, *state])}):\n" + indented(lines)


def _test(subject: Subject, one: Module) -> str:
    arguments = ", ".join(subject.program.arguments)
    if not one.body.averages:
        call = f"module({arguments})"
        lines = [f"module = {one.new(subject)}", f"value = {call}"]
        return module_test(subject, [*lines, f"slope = jax.grad(lambda x: {call}.sum())(x)"], "")
    lines = [
        f"module, state = eqx.nn.make_with_state({subject.class_name})({numbers(subject.program).channels})",
        f"value, pullback, state = jax.vjp(lambda x: module({arguments}, state), x, has_aux=True)",
        "(slope,) = pullback(jnp.ones_like(value))",
    ]
    return module_test(subject, lines, f"eqx.nn.inference_mode(module)({arguments}, state)[0]")


TARGET = Target("equinox", ".py", equinox_module, DIALECT)
