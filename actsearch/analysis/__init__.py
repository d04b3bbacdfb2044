"""Numbers about trials and runs: intervals, ranks, stages, regret, ancestors. `actsearch.report` draws them."""

from actsearch.analysis.agreement import Agreement, fidelity_agreement
from actsearch.analysis.ancestry import ancestors
from actsearch.analysis.comparison import Comparison, Group, Run, RunRow, compare_runs
from actsearch.analysis.contrasts import Contrast, compare_scores
from actsearch.analysis.regret import best_so_far, regret_at, trials_until
from actsearch.analysis.stages import Stage, funnel
from actsearch.analysis.statistics import (
    FalseReject,
    Interval,
    bootstrap_mean,
    false_reject,
    kendall_tau,
    paired_difference,
    percentile_rank,
)

__all__ = [
    "Agreement",
    "Comparison",
    "Contrast",
    "FalseReject",
    "Group",
    "Interval",
    "Run",
    "RunRow",
    "Stage",
    "ancestors",
    "best_so_far",
    "bootstrap_mean",
    "compare_runs",
    "compare_scores",
    "false_reject",
    "fidelity_agreement",
    "funnel",
    "kendall_tau",
    "paired_difference",
    "percentile_rank",
    "regret_at",
    "trials_until",
]
