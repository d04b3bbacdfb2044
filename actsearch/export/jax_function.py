"""The target `jax`: a function of arrays and parameters."""

from actsearch.export.jax_dialect import dialect, statistics
from actsearch.export.jax_test import function_test
from actsearch.export.module import SMALLER_GROUPS
from actsearch.export.python_file import axes_used, function, python_file
from actsearch.export.row import mentions
from actsearch.export.subject import Subject, safe_names
from actsearch.export.target import Target
from actsearch.export.writer import write
from actsearch.language.reductions import EPSILON, GROUPS

DIALECT = dialect({}, statistics(epsilon="epsilon", groups="groups"))


def jax_function(subject: Subject) -> str:
    """Returns a file with a function of the inputs and of the parameters by name."""
    return python_file(subject, DIALECT, "JAX", definition(subject), lambda: function_test(subject))


def definition(subject: Subject) -> str:
    """Returns the source of the function."""
    program = subject.program
    names = safe_names(dict(program.parameters), DIALECT.reserved | DIALECT.helpers.keys())
    body = write(program, DIALECT, names | {name: name for name in program.arguments})
    arguments = [*program.arguments, *(f"{names[name]}={value!r}" for name, value in program.parameters)]
    before = axes_used(body.code)
    if mentions(body.code, "groups"):
        before.append(f"groups = {SMALLER_GROUPS.format(most='groups', channels='x.shape[-1]')}")
    settings = {"epsilon": EPSILON, "groups": GROUPS}
    arguments += [f"{name}={value}" for name, value in settings.items() if mentions(body.code, name)]
    return function(subject.name, arguments, body, f"Returns {program}.", before)


TARGET = Target("jax", ".py", jax_function, DIALECT)
