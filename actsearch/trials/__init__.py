"""The record that everybody passes on, and the one rule that ranks such records."""

from actsearch.trials.pareto import front
from actsearch.trials.trial import Proposal, Status, Trial

__all__ = ["Proposal", "Status", "Trial", "front"]
