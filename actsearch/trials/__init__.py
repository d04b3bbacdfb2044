"""The record that everybody passes on, and the one rule that ranks such records."""

from actsearch.trials.pareto import front
from actsearch.trials.ranking import CandidateStats, best, incumbent, on_front, rank
from actsearch.trials.trial import Known, Proposal, Status, Trial

__all__ = ["CandidateStats", "Known", "Proposal", "Status", "Trial", "best", "front", "incumbent", "on_front", "rank"]
