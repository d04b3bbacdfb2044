"""`actsearch export-formula`."""

from pathlib import Path
from typing import Annotated

import tyro

from actsearch.archive import Archive, open_run
from actsearch.cli.common import Formula, explain, read_target, writing
from actsearch.export import export_formula as export_program
from actsearch.language import ActsearchError, Program, simplify

Out = Annotated[Path | None, tyro.conf.arg(aliases=["-o"])]


def export_formula(
    formula: Formula,
    to: str,
    out: Out = None,
    index: int | None = None,
    name: str | None = None,
    self_test: bool = True,
) -> None:
    """Write a formula, a published unit or a run's winner as code for another library, with a test of itself.

    Example: actsearch export-formula "x * sigmoid(beta * x)" --to torch -o swish.py

    Of a run: actsearch export-formula runs/mine --index 12 --to flax

    Args:
        formula: a formula, a name of the catalogue such as evonorm_b0, or the directory of a run.
        to: jax, flax, linen, equinox, torch, onnx, sympy, latex, python or c.
        out: the file; standard output when left out.
        index: of the run's trial, as `actsearch top --json` has it; the best when left out.
        name: of the function and, in capitals, the class; that of the catalogue when left out.
    """
    if Archive.exists(formula):
        program, origin = _trial(Path(formula), index)
    elif index is None:
        program, origin = read_target(formula), None
    else:
        raise ActsearchError(f"--index names a trial of a run; {formula} is no directory of one.")
    written = export_program(program, to, name=name, origin=origin, self_test=self_test)
    if out is not None:
        with writing(out):
            out.write_bytes(written if isinstance(written, bytes) else written.encode())
        explain(f"{out}: {program}")
    elif isinstance(written, bytes):
        raise ActsearchError(f"A file of {to} is no text: write -o {name or 'formula'}.{to}.")
    else:
        print(written, end="")


def _trial(directory: Path, index: int | None) -> tuple[Program, str]:
    """Returns the program of a run's trial, simplified, and where it comes from."""
    run = open_run(directory)
    trials = run.best(1) if index is None else [trial for trial in run.trials if trial.index == index]
    if not trials:
        what = "trained candidate" if index is None else f"trial {index}"
        raise ActsearchError(f"{directory} has no {what}; it has {len(run)} trials, from 0.")
    (trial,) = trials
    score = "" if trial.score is None else f", score {trial.score:.4f}"
    tasks = "+".join(run.config.get("evaluator", {}).get("tasks", ()))
    where = f"space {run.config.get('space')}" + (f", {tasks}" if tasks else "")
    return simplify(trial.program), f"Found by search: trial {trial.index} of {run.name} ({where}{score})."
