"""Controllers at play: made-up trials, recorded as an evaluator records them, and the loop of ask and tell."""

import dataclasses
import zlib

import jax
import numpy as np
from flax import serialization

from actsearch.controllers import Random, get_controller
from actsearch.spaces import custom
from actsearch.trials import Trial

SPACE = custom(["x", "relu", "beta * x", "tanh"], ["+", "*", "max"], units=1)  # 48 programs

OPTIONS = {
    "evolution": {"population": 8, "sample": 3},
    "pareto": {"window": 12, "tournament": 0.3},
    "ppo": {"batch": 8, "hidden": 16},
    "gflownet": {"batch": 8, "hidden": 16, "memory": 128},
    "surrogate": {"memory": 64},
}
"""Small ones, with which a few dozen trials are enough to learn from."""


def make(name, **options):
    """Returns a controller by name, with small hyperparameters where none are given."""
    return get_controller(name, **OPTIONS.get(name, {}) | options)


def mixed(choices):
    """Returns a stage that depends on the choices alone; every kind has its programs."""
    return ("ok", "ok", "rejected:finite", "ok", "diverged", "ok", "failed")[sum(choices) % 7]


def scattered(choices):
    """Returns a score that depends on the choices alone."""
    return zlib.crc32(bytes(choices)) % 97 / 97


def trial(index, proposal, score=None, status="ok", **facts):
    """Returns the trial of a proposal."""
    known = {
        "genotype": proposal.genotype,
        "parents": proposal.parents,
        "repeat": proposal.repeat,
        "fidelity": proposal.fidelity,
    }
    return Trial(index, proposal.program, facts.pop("fingerprint", f"{index}"), status, score, **known | facts)


class PlayEvaluator:
    """Makes trials. Equal choices are one function; a known one without a reason to train again is a duplicate.

    Args:
      score: choices -> score of a training without noise.
      stage: choices -> stage of a first evaluation.
      noise: (choices, repeat, fidelity) -> what a training adds to the score.
      second: score -> score on the second of two tasks.
    """

    def __init__(
        self,
        score=scattered,
        stage=mixed,
        noise=lambda choices, repeat, fidelity: 0.0,
        second=lambda score: 1 - score,
    ):
        self.score, self.stage, self.noise, self.second = score, stage, noise, second
        self.first, self.known = {}, set()

    def evaluate(self, proposals, start):
        """Returns the trials of proposals."""
        return [self.trial(start + i, proposal) for i, proposal in enumerate(proposals)]

    def trial(self, index, proposal):
        """Returns the trial of one proposal."""
        choices, work = proposal.genotype.choices, (proposal.repeat, proposal.fidelity)
        first, facts = self.first.get(choices), {"fingerprint": str(choices)}
        if first is not None and (choices, *work) in self.known:
            return trial(index, proposal, first.score, "duplicate", first=first.index, **facts)
        status, _, gate = ("ok" if first is not None else self.stage(choices)).partition(":")
        score = None
        if status in ("ok", "diverged"):
            score = self.score(choices) + self.noise(choices, *work) if status == "ok" else 0.0
            facts |= {"objectives": {"a": score, "b": self.second(score)}, "seeds": (proposal.repeat,)}
            facts |= {"metrics": ({"score": score},)}
        facts |= {"first": None if first is None else first.index, "gate": gate}
        result = trial(index, proposal, score, status, **facts)
        self.first.setdefault(choices, result)
        self.known.add((choices, *work))
        return result


@dataclasses.dataclass(frozen=True)
class Listener(Random):
    """Random search that writes down what it is given."""

    trials: tuple[list, ...] = ([],)

    def tell(self, space, state, trials):
        """Writes trials down."""
        self.trials[0].extend(trials)
        return state


def play(controller, seed, batches, *, space=SPACE, size=5, evaluator=None, between=lambda number, state: state):
    """Runs ask and tell; returns the proposals, the trials and the state. `between` stands between two batches."""
    evaluator = evaluator or PlayEvaluator()
    state, asked, trials = controller.init(space, seed), [], []
    for number in range(batches):
        proposals, state = controller.ask(space, between(number, state), size)
        new = evaluator.evaluate(proposals, len(trials))
        asked, trials = asked + proposals, trials + new
        state = controller.tell(space, state, new)
    return asked, trials, state


def choices_of(records):
    """Returns the choices of proposals or trials."""
    return [record.genotype.choices for record in records]


def snapshot(state):
    """Returns a state as a checkpoint writes it; refuses what a checkpoint refuses."""
    return serialization.to_bytes(state)


def same(one, two):
    """Returns whether two states are equal, bit for bit."""
    return snapshot(one) == snapshot(two)


def rows(state):
    """Returns how many numbers a state has."""
    return sum(np.size(leaf) for leaf in jax.tree.leaves(state))
