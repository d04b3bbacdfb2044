"""What the commands share: types of their arguments, and how they print."""

import json as jsonlib
import sys
from pathlib import Path
from typing import Annotated, Any

import tyro

from actsearch.catalog import CATALOG
from actsearch.language import Program, parse
from actsearch.tasks import Task

Json = Annotated[bool, tyro.conf.arg(name="json", help="Print JSON for machines.")]
Directory = tyro.conf.Positional[Path]
Formula = tyro.conf.Positional[str]


def print_json(value: Any) -> None:
    """Prints a value as JSON; NaN and the infinities are an error, since not every reader takes them."""
    print(jsonlib.dumps(value, indent=2, allow_nan=False))


def explain(line: str) -> None:
    """Prints a line for people, beside the results."""
    print(line, file=sys.stderr)


def read_formula(formula: str) -> Program:
    """Parses a formula; says so where a layer's offset starts at 1, which is Swish's beta."""
    program = parse(formula)
    if program.reductions and ("beta", 1.0) in program.parameters:
        explain("beta starts at 1 here, as in Swish; for an offset that starts at 0 write: param beta = 0; ...")
    return program


def reference(task: Task) -> Program:
    """Returns what a task's scores are compared with: ReLU, or BatchNorm and ReLU."""
    return CATALOG["batch_norm_relu" if task.layers else "relu"].program
