"""Pictures and tables for people, from the numbers of `actsearch.analysis`.

Pictures need matplotlib and tables rich, so each name is imported when it is first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from actsearch.report.card import card_tables
    from actsearch.report.curves import draw_curves
    from actsearch.report.fidelity import fidelity_text
    from actsearch.report.fronts import pareto_fronts
    from actsearch.report.genealogy import draw_genealogy
    from actsearch.report.graph import MAX_NODES, draw_graph
    from actsearch.report.intervals import draw_intervals
    from actsearch.report.mean_ranks import draw_mean_ranks
    from actsearch.report.notebook import program_html, program_latex, run_html
    from actsearch.report.planning import plan_table
    from actsearch.report.progress import ProgressLog
    from actsearch.report.ranking import ranking_table, ranking_verdict
    from actsearch.report.regret import regret_curves, regret_panels
    from actsearch.report.rendering import Column, render, show, to_text
    from actsearch.report.scale import ScoreScale, score_axis
    from actsearch.report.scores import score_by_batch, score_distribution, search_progress
    from actsearch.report.stages import funnel_bars
    from actsearch.report.style import new_figure, save, styled, to_svg
    from actsearch.report.tables import (
        agreement_table,
        audit_table,
        front_table,
        funnel_table,
        regret_table,
        runs_table,
        verification_table,
        winners_table,
    )

_HOMES = {
    "Column": "rendering",
    "MAX_NODES": "graph",
    "ProgressLog": "progress",
    "ScoreScale": "scale",
    "agreement_table": "tables",
    "audit_table": "tables",
    "card_tables": "card",
    "draw_curves": "curves",
    "draw_genealogy": "genealogy",
    "draw_graph": "graph",
    "draw_intervals": "intervals",
    "draw_mean_ranks": "mean_ranks",
    "fidelity_text": "fidelity",
    "front_table": "tables",
    "funnel_bars": "stages",
    "funnel_table": "tables",
    "new_figure": "style",
    "pareto_fronts": "fronts",
    "plan_table": "planning",
    "program_html": "notebook",
    "program_latex": "notebook",
    "ranking_table": "ranking",
    "ranking_verdict": "ranking",
    "regret_curves": "regret",
    "regret_panels": "regret",
    "regret_table": "tables",
    "render": "rendering",
    "run_html": "notebook",
    "runs_table": "tables",
    "save": "style",
    "score_axis": "scale",
    "score_by_batch": "scores",
    "score_distribution": "scores",
    "search_progress": "scores",
    "show": "rendering",
    "styled": "style",
    "to_svg": "style",
    "to_text": "rendering",
    "verification_table": "tables",
    "winners_table": "tables",
}
"""The module of each public name."""

__all__ = [
    "MAX_NODES",
    "Column",
    "ProgressLog",
    "ScoreScale",
    "agreement_table",
    "audit_table",
    "card_tables",
    "draw_curves",
    "draw_genealogy",
    "draw_graph",
    "draw_intervals",
    "draw_mean_ranks",
    "fidelity_text",
    "front_table",
    "funnel_bars",
    "funnel_table",
    "new_figure",
    "pareto_fronts",
    "plan_table",
    "program_html",
    "program_latex",
    "ranking_table",
    "ranking_verdict",
    "regret_curves",
    "regret_panels",
    "regret_table",
    "render",
    "run_html",
    "runs_table",
    "save",
    "score_axis",
    "score_by_batch",
    "score_distribution",
    "search_progress",
    "show",
    "styled",
    "to_svg",
    "to_text",
    "verification_table",
    "winners_table",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'actsearch.report' has no attribute {name!r}")
    return getattr(importlib.import_module(f"actsearch.report.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
