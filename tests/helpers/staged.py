"""Not a test: an evaluator in stages that trains nothing, and does to its process what a test asks of a program."""

import os
import signal
import time
import zlib
from pathlib import Path

from actsearch.evaluation import Attempt, Screening, TrainingEvaluator
from actsearch.evaluation.gates import Verdict
from actsearch.evaluation.score import Result
from actsearch.spaces import swish
from tests.helpers.tiny import tiny_task


class StagedEvaluator(TrainingEvaluator):
    """Scores a program by a hash of its text.

    Args:
      acts: text of a program -> what its training does: "exit", "segfault", "hang", "memory", "bug", or "wait" for a
        worker that writes its process id into `mark` and waits to be killed; the next one goes on.
      screened: the same, for the gates before training.
      mark: a file.
    """

    def __init__(self, acts=None, screened=None, mark=None, space=None):
        super().__init__(space or swish(), tiny_task(), engine="specialize")
        self.acts, self.screened, self.mark = acts or {}, screened or {}, mark

    def screen(self, index, proposal):
        text = str(proposal.program)
        act(self.screened.get(text), self.mark)
        return Screening(index, proposal, proposal.genotype, Verdict(f"{zlib.crc32(text.encode()):08x}"))

    def train(self, screenings):
        return {screening.index: self.attempt(screening) for screening in screenings}

    def attempt(self, screening):
        act(self.acts.get(str(screening.proposal.program)), self.mark)
        score = int(screening.verdict.fingerprint, 16) % 997 / 997
        result = Result(({"score": score, "loss": 1 - score},), False, score)
        return Attempt(screening, (0,), {self.tasks[0].name: result})


def act(what, mark):
    """Does something to this process."""
    match what:
        case "exit":
            os._exit(1)
        case "segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "hang":
            time.sleep(1e6)
        case "memory":
            raise MemoryError("16 TB")
        case "bug":
            raise ZeroDivisionError("a bug of the package")
        case "wait" if not Path(mark).exists():
            Path(f"{mark}.new").write_text(str(os.getpid()))
            os.rename(f"{mark}.new", mark)
            time.sleep(1e6)
