"""Controllers at play: made-up trials, recorded as the judge records them, and the loop of ask and tell."""

import dataclasses

from actsearch.spaces import custom
from actsearch.trials.trial import Trial

SPACE = custom(["x", "relu", "beta * x", "tanh"], ["+", "*", "max"], units=1)  # 48 programs
STEPS = (50.0, 150.0, 450.0)
"""Of the rungs of a made-up task."""


def mixed(choices):
    """A status that depends on the choices alone; every kind has its programs."""
    return ("ok", "ok", "rejected:finite", "ok", "diverged", "ok", "failed")[sum(choices) % 7]


def scattered(choices):
    """A score that depends on the choices alone."""
    return hash(tuple(choices)) % 97 / 97


class Judge:
    """Makes trials. Equal choices are one function, a known one without a reason to train again is a duplicate.

    Args:
      score: choices -> score of a training without noise.
      status: choices -> status of a first evaluation.
      noise: (choices, repeat, rung) -> what a training adds to the score.
      second: score -> score on the second of two tasks.
    """

    def __init__(
        self, score=scattered, status=mixed, noise=lambda choices, repeat, rung: 0.0, second=lambda score: 1 - score
    ):
        self.score, self.status, self.noise, self.second, self.first = score, status, noise, second, {}

    def __call__(self, proposals, start):
        return [self.trial(start + i, proposal) for i, proposal in enumerate(proposals)]

    def trial(self, index, proposal):
        choices = proposal.program.choices
        known, again = self.first.get(choices), proposal.repeat > 0 or bool(proposal.rung)
        blank = Trial(index, proposal.program, str(choices), "ok", parents=proposal.parents)
        if known and not again:
            return dataclasses.replace(blank, status="duplicate", score=known.score, duplicate_of=known.index)
        status = "ok" if again else self.status(choices)
        if status in ("ok", "diverged"):
            score = self.score(choices) + self.noise(choices, proposal.repeat, proposal.rung) if status == "ok" else 0.0
            row = {"score": score, "a/score": score, "b/score": self.second(score)}
            row |= {} if proposal.rung is None else {"steps": STEPS[proposal.rung]}
            blank = dataclasses.replace(blank, score=score, metrics=(row,), seeds=(proposal.repeat,))
        trial = dataclasses.replace(blank, status=status, duplicate_of=proposal.parents[0] if again else None)
        self.first.setdefault(choices, trial)
        return trial


def play(controller, seed, batches, *, size=5, judge=None, between=lambda number, state: state):
    """Runs ask and tell; returns the proposals, the trials and the state. `between` stands between two batches."""
    judge = judge or Judge()
    state, asked, told = controller.init(seed), [], []
    for number in range(batches):
        proposals, state = controller.ask(between(number, state), size)
        trials = judge(proposals, len(told))
        asked, told = asked + proposals, told + trials
        state = controller.tell(state, trials)
    return asked, told, state


def seen(proposals):
    """Everything there is to proposals, choices too, which equality of programs leaves out."""
    return [(p.program, p.program.choices, p.parents, p.repeat, p.rung) for p in proposals]
