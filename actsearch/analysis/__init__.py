"""Numbers about trials and runs: intervals, ranks, stages, regret, ancestors. `actsearch.report` draws them."""

from actsearch.analysis.agreement import Agreement, fidelity_agreement
from actsearch.analysis.ancestry import ancestors
from actsearch.analysis.comparison import Comparison, Group, Run, RunRow, compare_runs
from actsearch.analysis.cost import Cost
from actsearch.analysis.fidelity import Fidelity, PanelRun, fidelities
from actsearch.analysis.friedman import cliques, critical_difference, friedman_p, mean_rank_intervals, ranks_of
from actsearch.analysis.noise import Spread, gap_over_noise, noise_floor, seeds_needed, spread
from actsearch.analysis.planning import Plan, Work
from actsearch.analysis.regret import best_so_far, regret_at, trials_until
from actsearch.analysis.simultaneous import holm, paired_p_values, simultaneous_intervals
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
from actsearch.analysis.unit_ranking import RankedUnit, UnitRanking, UnitScores, ranked
from actsearch.analysis.verification import Difference, Row, Scores, Verification, verified

__all__ = [
    "Agreement",
    "Comparison",
    "Cost",
    "Difference",
    "FalseReject",
    "Fidelity",
    "Group",
    "Interval",
    "PanelRun",
    "Plan",
    "RankedUnit",
    "Row",
    "Run",
    "RunRow",
    "Scores",
    "Spread",
    "Stage",
    "UnitRanking",
    "UnitScores",
    "Verification",
    "Work",
    "ancestors",
    "best_so_far",
    "bootstrap_mean",
    "cliques",
    "compare_runs",
    "critical_difference",
    "false_reject",
    "fidelities",
    "fidelity_agreement",
    "friedman_p",
    "funnel",
    "gap_over_noise",
    "holm",
    "kendall_tau",
    "mean_rank_intervals",
    "noise_floor",
    "paired_difference",
    "paired_p_values",
    "percentile_rank",
    "ranked",
    "ranks_of",
    "regret_at",
    "seeds_needed",
    "simultaneous_intervals",
    "spread",
    "trials_until",
    "verified",
]
