"""The target `latex`: a formula for a paper, with its origin in comments."""

from actsearch.export.latex import to_latex
from actsearch.export.subject import Subject
from actsearch.export.target import Target


def latex_page(subject: Subject) -> str:
    """Returns a displayed equation under comments that say what it is."""
    comments = "\n".join(f"% {line}".rstrip() for line in subject.lines("LaTeX"))
    arguments = ", ".join(subject.program.arguments)
    return f"{comments}\n\\[\n  f({arguments}) = {to_latex(subject.program)}\n\\]\n"


TARGET = Target("latex", ".tex", latex_page, None)
