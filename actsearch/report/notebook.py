"""How programs and runs show themselves in a notebook, which typesets LaTeX; `import actsearch` sees to it."""

import html
from typing import Any, Protocol

from actsearch.analysis import best_so_far
from actsearch.export import to_latex
from actsearch.language import Program, simplify
from actsearch.report.curves import draw_curves
from actsearch.report.graph import MAX_NODES, draw_graph
from actsearch.report.style import to_svg
from actsearch.trials import Trial, rank

_LEADERS = 10


class HasTrials(Protocol):
    """A run, or the result of a search."""

    @property
    def trials(self) -> list[Trial]:
        """All trials, in order."""


def program_latex(program: Program) -> str:
    r"""Returns a program as displayed LaTeX.

    Example:
      >>> from actsearch.language import parse
      >>> program_latex(parse("x * sigmoid(x)"))
      '$\\displaystyle x \\cdot \\sigma(x)$'
    """
    return rf"$\displaystyle {to_latex(program)}$"


def program_html(program: Program) -> str:
    """Returns a program as HTML: its formula with the curve of an activation, or the graph of a layer or gate."""
    figure: Any = None
    if program.kind == "activation":
        figure = draw_curves({str(program): program})
    elif len(program.nodes) <= MAX_NODES:
        figure = draw_graph(program)
    picture = "" if figure is None else _svg(to_svg(figure))
    return f"<div>{program_latex(program)}</div><code>{html.escape(str(program))}</code>{picture}"


def _svg(text: str) -> str:
    """Returns a picture on white: its letters are dark in a dark notebook too."""
    return f'<div style="background: white; display: table">{text[text.index("<svg") :]}</div>'


def run_html(run: HasTrials) -> str:
    """Returns a run as HTML: how far it came, and its best candidates by the rule of `actsearch.trials.rank`."""
    trials = run.trials
    trained = sum(trial.trained for trial in trials)
    rows = "".join(
        f"<tr><td>{place}</td><td>{one.mean:.4f}</td><td>{one.trainings}</td><td>{one.first}</td>"
        f'<td style="text-align: left">{program_latex(simplify(one.program))}</td></tr>'
        for place, one in enumerate(rank(trials)[:_LEADERS], 1)
    )
    head = "".join(f"<th>{name}</th>" for name in ("rank", "mean score", "trainings", "trial", "formula"))
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>" if rows else ""
    best = f"; best score so far {best_so_far(trials)[-1]:.4f}" if rows else ""
    return f"<p>{len(trials):,} trials, {trained:,} trained{best}.</p>{table}"
