"""The layout of an exported Python file: header, imports, helpers, the function or class, self-test."""

import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence

from actsearch.export.row import Dialect, mentions
from actsearch.export.subject import Subject
from actsearch.export.writer import Body

WIDTH = 110


def python_file(subject: Subject, dialect: Dialect, written: str, definition: str, test: Callable[[], str]) -> str:
    """Returns a whole file.

    Args:
      subject: what it holds, for the header.
      dialect: whose helpers and imports the code may use.
      written: for what it was written, and what it needs.
      definition: source of the function or class.
      test: returns what runs when the file does, if the file is to test itself.
    """
    helpers = dialect.helpers_in(definition)
    main = [f'if __name__ == "__main__":\n{indented(test().splitlines())}'] if subject.tested else []
    code = "\n".join([*helpers, definition, *main])
    imports = _block(dialect.imports_in(code))
    blocks = [f"{docstring(subject.lines(written))}\n{imports}".strip(), *helpers, definition, *main]
    return "\n\n\n".join(blocks) + "\n"


def _block(imports: Sequence[str]) -> str:
    """Returns lines of imports, the standard library's first."""
    groups = [
        [line for line in imports if (line.split()[1].split(".")[0] in sys.stdlib_module_names) == own]
        for own in (True, False)
    ]
    return "\n\n".join("\n".join(group) for group in groups if group)


def docstring(lines: Sequence[str]) -> str:
    """Returns lines as a docstring of a file, the first as it is, long ones wrapped."""
    wrapped = [part for line in lines for part in (textwrap.wrap(line, WIDTH) or [""])]
    return '"""' + "\n".join(wrapped) + '\n"""\n'


def function(name: str, arguments: Sequence[str], body: Body, says: str, before: Sequence[str] = ()) -> str:
    """Returns the source of a function."""
    lines = [*textwrap.wrap(f'"""{says}"""', WIDTH), *before, *body.statements, f"return {body.result}"]
    return f"def {name}({', '.join(arguments)}):\n" + indented(lines)


def comparison(pairs: Mapping[str, object], statement: str, prefix: str) -> list[str]:
    """Returns the lines that compare what a test computed with known numbers.

    Args:
      pairs: expression -> known value, nested lists.
      statement: compares `actual` with `expected`.
      prefix: of `nan` and `inf`.
    """
    lines = ["for actual, expected in ["]
    for actual, expected in pairs.items():
        text = f"({actual}, {listed(expected, prefix)}),"
        lines += textwrap.wrap(text, WIDTH - 8, initial_indent="    ", subsequent_indent="     ")
    return [*lines, "]:", f"    {statement}"]


def array(name: str, call: str, values: object, prefix: str) -> list[str]:
    """Returns the lines that give a name an array of numbers: `x = jnp.array([1.0, 2.0])`."""
    return textwrap.wrap(f"{name} = {call.format(listed(values, prefix))}", WIDTH, subsequent_indent="    ")


def listed(values: object, prefix: str) -> str:
    """Returns nested lists of numbers as source; non-finite ones are names of a module, `np.nan`."""
    return repr(values).replace("nan", f"{prefix}nan").replace("inf", f"{prefix}inf")


def indented(lines: Sequence[str], levels: int = 1) -> str:
    """Returns lines, indented."""
    return textwrap.indent("\n".join(lines), "    " * levels)


AXES = {
    "batch": "batch = tuple(range(x.ndim - 1))",
    "space": "space = axes_of_space(x)",
    "example": "example = tuple(range(1, x.ndim))",
}
"""Statement that names the axes of an index set, in every language of Python whose channels are last."""


def axes_used(code: str) -> list[str]:
    """Returns the statements that name the axes that code uses."""
    return [statement for name, statement in AXES.items() if mentions(code, name)]
