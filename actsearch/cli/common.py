"""What the commands share: types of their arguments, and how they read and print."""

import contextlib
import difflib
import json as jsonlib
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import tyro

from actsearch.archive import keep
from actsearch.archive.beside import finite
from actsearch.catalog import CATALOG, novelty
from actsearch.evaluation import check_task
from actsearch.language import DEFAULT_PARAMETERS, INPUTS, ActsearchError, Program, parse, simplify
from actsearch.report import render, show
from actsearch.tasks import get_task

Json = Annotated[bool, tyro.conf.arg(name="json", help="Print JSON for machines.")]
Directory = tyro.conf.Positional[Path]
Formula = tyro.conf.Positional[str]


def print_json(value: Any) -> None:
    """Prints a value as JSON, with null for NaN and the infinities, which not every reader takes."""
    print(jsonlib.dumps(finite(value), indent=2, allow_nan=False))


def explain(line: str) -> None:
    """Prints a line for people, beside the results."""
    print(line, file=sys.stderr)


def read_formula(formula: str) -> Program:
    """Parses a formula of x, or of x and y; says so where a layer's offset starts at 1, which is Swish's beta."""
    program = parse(formula, inputs=INPUTS)
    if program.reductions and ("beta", 1.0) in program.parameters:
        explain("beta starts at 1 here, as in Swish; for an offset that starts at 0 write shift instead.")
    return program


def read_unit(text: str) -> Program:
    """Returns the program of a published unit's name, or of a formula.

    Raises:
      ActsearchError: neither; a single word is told the nearest names.
    """
    name = text.strip()
    if name in CATALOG:
        return CATALOG[name].program
    if name.isidentifier() and name not in INPUTS and name not in DEFAULT_PARAMETERS:
        nearest = difflib.get_close_matches(name, CATALOG, n=3, cutoff=0.4)
        hint = f"the nearest names are {', '.join(nearest)}" if nearest else "actsearch card relu is one"
        raise ActsearchError(f"No published unit has the name {name!r}: {hint}; or write a formula of x.")
    return read_formula(text)


def read_target(text: str) -> Program:
    """Returns the program of a unit's name or a formula, where a directory of a run could have been given.

    Raises:
      ActsearchError: neither; a path, such as runs/mine, is told that there is no run.
    """
    try:
        return read_unit(text)
    except ActsearchError as error:
        if os.sep in text and not set(text) & set(" ()*+^;"):
            raise ActsearchError(f"There is no run in {text}.") from error
        raise


def read_formulas(path: Path) -> list[Program]:
    """Parses a file of formulas, one a line; empty lines and what follows a # are left out.

    Raises:
      ActsearchError: the file cannot be read, has no formula, or a line is none.
    """
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ActsearchError(f"The formulas of {path} cannot be read: {error}. Give a text file.") from error
    programs = []
    for number, line in enumerate(lines, 1):
        formula = line.partition("#")[0].strip()
        if formula:
            try:
                programs.append(parse(formula, inputs=INPUTS))
            except ActsearchError as error:
                raise ActsearchError(f"{path}, line {number}: {error}") from error
    if not programs:
        raise ActsearchError(f"{path} has no formula: write one a line.")
    return programs


def novelty_of(programs: Iterable[Program]) -> dict[Program, str]:
    """Returns what is known of each program already, one sentence."""
    return {program: _verdict(program) for program in programs}


def _verdict(program: Program) -> str:
    try:
        return novelty(program).verdict
    except ActsearchError as error:  # not finite for every |x| <= 20
        return str(error)


def show_novelty(verdicts: Mapping[Program, str]) -> None:
    """Prints what is known of each program already."""
    rows = [(str(simplify(program)), verdict) for program, verdict in verdicts.items()]
    show(render(rows, ["formula", "among published units"]))


def picture_stem(out: Path) -> Path:
    """Returns the path of pictures without the ending that a user may have written."""
    return out.with_suffix("") if out.suffix in (".png", ".svg") else out


def file_name(tasks: str) -> str:
    """Returns the names of tasks as a part of a path; ".", "/" and ":" of a user's own become "-"."""
    return re.sub(r"[^\w+-]+", "-", tasks)


def keep_beside(directory: str | Path, name: str, record: Mapping[str, Any]) -> None:
    """Keeps a result in a run's directory for its report, and says so; where that cannot be written, says that."""
    try:
        explain(f"kept for its report: {keep(directory, name, record)}")
    except ActsearchError as error:
        explain(str(error))


@contextlib.contextmanager
def writing(out: Path) -> Iterator[None]:
    """Raises an ActsearchError where what is written inside, to a path that the user chose, cannot be written."""
    try:
        yield
    except OSError as error:
        raise ActsearchError(f"{out} cannot be written: {error}. Give another path.") from error


def check_named(tasks: str) -> None:
    """Checks in full those tasks, among names joined by +, that are a user's own; the package's are tested."""
    for name in tasks.split("+"):
        if ":" in name:
            check_task(get_task(name))


def at_least(option: str, value: int, minimum: int) -> None:
    """Raises an ActsearchError where an option's number is too small."""
    if value < minimum:
        raise ActsearchError(f"{option} must be at least {minimum}; received {value}.")
