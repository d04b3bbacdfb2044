"""How a table is printed: on terminals, into files and pipes. `tables` has what is printed.

A table is as wide as its contents: no formula is cut off. Where a terminal is narrower, columns of text are folded onto
more lines at spaces; where it is too narrow for the numbers and the longest words, it breaks the lines itself. Without
a terminal the lines are as long as they need be.
"""

import math
from collections.abc import Iterable, Sequence
from numbers import Real
from typing import Any, Literal, NamedTuple

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from actsearch.analysis import Interval
from actsearch.language import ActsearchError


class Column(NamedTuple):
    """How one column is printed.

    Attributes:
      title: its heading.
      format: of numbers, as in `format(number, ...)`: ".4f", ",d", ".1%". Text and None are printed as they are.
    """

    title: str
    format: str = ""


def render(rows: Iterable[Sequence[Any]], columns: Sequence[Column | str], title: str = "") -> Table:
    """Returns a table that rich can print, and `show` and `to_text` too.

    A column whose cells are all numbers or empty is aligned to the right, any other one to the left.

    Args:
      rows: one sequence of cells each: text, numbers, Intervals, or None for an empty cell. NaN is printed as "-", an
        Interval as "0.912 [0.905, 0.918]", and its infinite ends as "-" too.
      columns: one for each cell; a bare string is a Column without a format.
      title: above the table; empty for none.

    Raises:
      ActsearchError: a row has another number of cells than there are columns.

    Example:
      >>> print(to_text(render([("x * sigmoid(x)", 0.9125), ("relu(x)", None)], ["formula", Column("score", ".3f")])))
        formula          score
       ────────────────────────
        x * sigmoid(x)   0.912
        relu(x)
    """
    heads = [Column(column) if isinstance(column, str) else column for column in columns]
    cells = [list(row) for row in rows]
    for row in cells:
        if len(row) != len(heads):
            raise ActsearchError(f"A row needs {len(heads)} cells, one for each column; received {len(row)}: {row}.")
    texts = [[_cell(cell, head.format) for cell, head in zip(row, heads, strict=True)] for row in cells]
    table = Table(title=Text(title) if title else None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for i, head in enumerate(heads):
        number = all(_is_number(row[i]) for row in cells) and any(row[i] is not None for row in cells)
        side: Literal["left", "right"] = "right" if number else "left"
        longest = max(len(head.title), *(len(row[i]) for row in texts)) if number else None
        table.add_column(
            Text(head.title), justify=side, no_wrap=number, min_width=longest, overflow="fold", header_style="bold"
        )
    for row in texts:
        table.add_row(*map(Text, row))  # Text, because rich would read a '[' in a formula or an interval as a style
    return table


def to_text(table: Table, width: int | None = None) -> str:
    """Returns a table as plain text without trailing spaces, as wide as it needs, or folded into `width` columns.

    No number is cut off: where `width` is less than they need, the text is wider.
    """
    least, most = _widths(table)
    console = Console(
        width=most if width is None else max(width, least),
        color_system=None,
        force_terminal=False,
        force_jupyter=False,  # it would show an empty block
        legacy_windows=False,
    )
    with console.capture() as capture:
        console.print(table)
    lines = [line.rstrip() for line in capture.get().split("\n")]
    return "\n".join(lines).strip("\n")


def show(table: Table, console: Console | None = None) -> None:
    """Prints a table: in colour and folded to the window on a terminal, else as plain text of the width it needs."""
    console = console or Console()
    if console.is_terminal:
        console.width = max(console.width, _widths(table)[0])  # rich would cut numbers off
        console.print(table)
    else:
        console.file.write(to_text(table) + "\n\n")


def _widths(table: Table) -> tuple[int, int]:
    """Returns the columns in which no number and no word is cut, and those in which nothing is folded."""
    endless = Console(width=100_000, color_system=None, force_terminal=False, legacy_windows=False)
    least, most = Measurement.get(endless, endless.options, table)
    return least, max(most, len(str(table.title or "")))


def _is_number(cell: Any) -> bool:
    return cell is None or (isinstance(cell, Real | Interval) and not isinstance(cell, bool))


def _cell(cell: Any, spec: str) -> str:
    match cell:
        case None:
            return ""
        case Interval(estimate, low, high):
            spec = spec or ".3f"
            low, high = (end if math.isfinite(end) else math.nan for end in (low, high))
            return f"{_cell(estimate, spec)} [{_cell(low, spec)}, {_cell(high, spec)}]"
        case Real() if math.isnan(cell):
            return "-"
        case str():
            return cell
        case _:
            return format(cell, spec)
