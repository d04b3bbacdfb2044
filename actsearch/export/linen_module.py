"""The target `linen`: a Flax Linen module, the channels on the last axis; a function where there is nothing to hold."""

from actsearch.export.jax_dialect import dialect, statistics
from actsearch.export.jax_function import definition
from actsearch.export.jax_test import function_test, module_test
from actsearch.export.module import JAX_SETTINGS, SMALLER_GROUPS, Module, class_source, jax_call, module, used
from actsearch.export.python_file import indented, python_file
from actsearch.export.subject import Subject
from actsearch.export.target import Target

DIALECT = dialect(
    {"nn": "from flax import linen as nn"},
    statistics("{name} = self.averaged({average}, {moment}, use_running_average)", groups="groups"),
)

_AVERAGED = '''def averaged(self, average, moment, use_running_average):
    """Returns the moving average in evaluation; in training the moment of the batch, which updates the average."""
    if use_running_average:
        return average.value
    if not self.is_initializing():
        new = self.momentum * average.value + (1 - self.momentum) * jax.lax.stop_gradient(moment)
        average.value = new.astype(average.value.dtype)
    return moment'''

_NOTE = 'In training it is applied with mutable=["batch_stats"], in evaluation called with use_running_average=True.'


def linen_module(subject: Subject) -> str:
    """Returns a file with a Linen module."""
    one = module(subject, DIALECT)
    if not one.holds:
        return python_file(subject, DIALECT, "JAX and Flax Linen", definition(subject), lambda: function_test(subject))
    return python_file(subject, DIALECT, "Flax Linen", _definition(subject, one), lambda: _test(subject, one))


def _definition(subject: Subject, one: Module) -> str:
    settings = used(one, JAX_SETTINGS)
    fields = "\n".join(f"{name}: {type(default).__name__} = {default}" for name, (default, _) in settings.items())
    members = [*([fields] if fields else []), _call(subject, one), *([_AVERAGED] if one.body.averages else [])]
    described = {name: text for name, (_, text) in settings.items()}
    return class_source(subject, "nn.Module", described, members, note=_NOTE if one.body.averages else "")


def _call(subject: Subject, one: Module) -> str:
    flag = ["use_running_average=False"] if one.body.averages else []
    before = [
        f'{name} = self.param("{name}", nn.initializers.constant({value!r}), {_shape(one, name)})'
        for name, value in one.parameters.items()
    ]
    before += [
        f'{name} = self.variable("batch_stats", "{name}", jnp.{"ones" if value else "zeros"}, x.shape[-1:])'
        for name, value in one.body.averages
    ]
    if "groups" in used(one, JAX_SETTINGS):
        before.append(f"groups = {SMALLER_GROUPS.format(most='self.groups', channels='x.shape[-1]')}")
    lines = jax_call(subject, one, before)
    return f"@nn.compact\ndef __call__({', '.join(['self', *subject.program.arguments, *flag])}):\n" + indented(lines)


def _shape(one: Module, name: str) -> str:
    """Returns the shape of a parameter."""
    return "()" if name in one.shared else "x.shape[-1:]"


def _test(subject: Subject, one: Module) -> str:
    arguments = ", ".join(subject.program.arguments)
    lines = [f"module = {subject.class_name}()", f"variables = module.init(jax.random.key(0), {arguments})"]
    if not one.body.averages:
        call = f"module.apply(variables, {arguments})"
        return module_test(subject, [*lines, f"value = {call}", f"slope = jax.grad(lambda x: {call}.sum())(x)"], "")
    call = f'module.apply(variables, {arguments}, mutable=["batch_stats"])'
    lines += [f"value, updated = {call}", f"slope = jax.grad(lambda x: {call}[0].sum())(x)"]
    return module_test(subject, lines, f"module.apply(variables | updated, {arguments}, use_running_average=True)")


TARGET = Target("linen", ".py", linen_module, DIALECT)
