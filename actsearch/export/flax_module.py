"""The target `flax`: a Flax NNX module, the channels on the last axis; a function where there is nothing to hold."""

from actsearch.export.jax_dialect import dialect, statistics
from actsearch.export.jax_function import definition
from actsearch.export.jax_test import function_test, module_test
from actsearch.export.module import JAX_SETTINGS, SMALLER_GROUPS, Module, class_source, jax_call, module, used
from actsearch.export.python_file import indented, python_file
from actsearch.export.subject import Subject
from actsearch.export.target import Target

DIALECT = dialect({"nnx": "from flax import nnx"}, statistics("{name} = self.averaged(self.{average}, {moment})"))

_AVERAGED = '''def averaged(self, average, moment):
    """Returns the moving average in evaluation; in training the moment of the batch, which updates the average."""
    old = average[...]
    if self.use_running_average:
        return old
    new = self.momentum * old + (1 - self.momentum) * jax.lax.stop_gradient(moment)
    average[...] = new.astype(old.dtype)
    return moment'''


def flax_module(subject: Subject) -> str:
    """Returns a file with an NNX module."""
    one = module(subject, DIALECT)
    if not one.holds:
        return python_file(subject, DIALECT, "JAX and Flax", definition(subject), lambda: function_test(subject))
    return python_file(subject, DIALECT, "Flax NNX", _definition(subject, one), lambda: _test(subject, one))


def _definition(subject: Subject, one: Module) -> str:
    arguments = {"num_features": "size of the last axis."} if one.has_channels else {}
    arguments |= {name: text for name, (_, text) in used(one, JAX_SETTINGS).items()}
    members = [_init(one), _call(subject, one), *([_AVERAGED] if one.body.averages else [])]
    return class_source(subject, "nnx.Module", arguments, members)


def _init(one: Module) -> str:
    settings = used(one, JAX_SETTINGS)
    lines = [f"self.{name} = {name}" for name in settings if name != "groups"]
    if "groups" in settings:
        lines.append(f"self.groups = {SMALLER_GROUPS.format(most='groups', channels='num_features')}")
    if one.body.averages:
        lines.append("self.use_running_average = False  # network.train() and network.eval() set it")
    for name in one.parameters:
        lines.append(f"self.{name} = nnx.Param({one.initial(name, 'jnp', 'array')})")
    for name, _ in one.body.averages:
        lines.append(f"self.{name} = nnx.BatchStat({one.initial(name, 'jnp', 'array')})")
    options = [f"{name}={default}" for name, (default, _) in settings.items()]
    size = ["num_features"] * one.has_channels
    return f"def __init__({', '.join(['self', *size, *options])}):\n" + indented(lines)


def _call(subject: Subject, one: Module) -> str:
    names = list(one.parameters)
    read = [f"{', '.join(names)} = {', '.join(f'self.{name}[...]' for name in names)}"] if names else []
    return f"def __call__({', '.join(['self', *subject.program.arguments])}):\n" + indented(
        jax_call(subject, one, read)
    )


def _test(subject: Subject, one: Module) -> str:
    arguments = ", ".join(subject.program.arguments)
    new = one.new(subject)
    grad = f"nnx.grad(lambda module, x: module({arguments}).sum(), argnums=1)"
    training = [f"module = {new}", f"value = module({arguments})", f"slope = {grad}({new}, x)"]
    if one.body.averages:
        training.append("module.eval()")
    return module_test(subject, training, f"module({arguments})")


TARGET = Target("flax", ".py", flax_module, DIALECT)
