"""An evaluator that trains nothing: what a search does is seen without waiting."""

import zlib

from actsearch.trials import Trial


class MockEvaluator:
    """Scores a genotype by a hash of its choices; every seventh is rejected by the gate "mock".

    Attributes:
      calls: how many proposals each call was given, in order.
    """

    summary = "engine: none"

    def __init__(self, salt=0):
        self.salt, self.calls, self.first = salt, [], {}

    @property
    def identity(self):
        return {"kind": "mock", "salt": self.salt}

    def begin(self, known):
        self.first = {}
        self.remember(known)

    def remember(self, known):
        for trial in known:
            self.first.setdefault(trial.fingerprint, trial)

    def evaluate(self, proposals, start):
        self.calls.append(len(proposals))
        trials = [self.trial(index, proposal) for index, proposal in enumerate(proposals, start)]
        return trials

    def trial(self, index, proposal):
        number = zlib.crc32(repr((self.salt, proposal.genotype.choices)).encode())
        fingerprint, score = f"{number:08x}", number % 997 / 997
        known = self.first.get(fingerprint)
        facts = {
            "genotype": proposal.genotype,
            "parents": proposal.parents,
            "repeat": proposal.repeat,
            "fidelity": proposal.fidelity,
        }
        if known is not None and (proposal.repeat, proposal.fidelity) == (known.repeat, known.fidelity):
            return Trial(index, proposal.program, fingerprint, "duplicate", known.score, first=known.index, **facts)
        if known is None and number % 7 == 0:
            trial = Trial(index, proposal.program, fingerprint, "rejected", gate="mock", **facts)
        else:
            metrics, first = ({"score": score},), None if known is None else known.index
            facts |= {"metrics": metrics, "objectives": {"mock": score}, "seeds": (proposal.repeat,), "first": first}
            trial = Trial(index, proposal.program, fingerprint, "ok", score, **facts)
        self.remember([trial])
        return trial
