"""`actsearch transform`."""

import tyro

from actsearch.catalog import identify
from actsearch.cli.common import Formula, Json, print_json, read_unit
from actsearch.export import to_latex
from actsearch.language import ActsearchError
from actsearch.properties import TRANSFORMS
from actsearch.properties import transform as transformed
from actsearch.report import render, show

Steps = tyro.conf.Positional[tuple[str, ...]]


def transform(formula: Formula, steps: Steps = (), json: Json = False) -> None:
    """Make a formula from another: smooth:box, smooth:gauss, pieces, clip, reflect, soft_threshold, eafo, expand.

    Numbers follow a colon: smooth:gauss:0.5, clip:0:6. Without steps the transforms are listed.

    Example: actsearch transform relu smooth:box

    Args:
        formula: an activation, or the name of a published one.
        steps: applied one after another.
    """
    program = read_unit(formula)
    if not steps:
        if json:
            raise ActsearchError(
                f"transform needs a step, such as smooth:box; received none of {', '.join(TRANSFORMS)}."
            )
        rows = [(name, ", ".join(f"{v:g}" for v in numbers), what) for name, (_, numbers, what) in TRANSFORMS.items()]
        show(render(rows, ["transform", "numbers", "what it does, with these numbers"]))
        return
    made = transformed(program, *steps)
    names = [entry.name for entry in identify(made)]
    if json:
        print_json({"formula": str(made), "latex": to_latex(made), "known_as": names})
        return
    print(made)
    print(f"known as {', '.join(names) or 'nothing: see actsearch novelty'}")
