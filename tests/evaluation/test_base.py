"""What every evaluator shares: the memory that tells duplicates."""

from actsearch import parse
from actsearch.evaluation import Memory
from actsearch.trials import Trial


def test_a_score_belongs_to_the_fidelity_and_repeat_that_gave_it():
    memory, relu = Memory(), parse("relu(x)")
    memory.add(Trial(0, relu, "f00d", "ok", 0.3, fidelity=1 / 9))
    memory.add(Trial(1, relu, "f00d", "ok", 0.9, first=0))
    memory.add(Trial(2, relu, "f00d", "ok", 0.8, first=0, repeat=1))
    scores = [memory.score("f00d", repeat, fidelity) for repeat, fidelity in [(0, 1 / 9), (0, 1.0), (1, 1.0), (2, 1.0)]]
    assert scores == [0.3, 0.9, 0.8, None]
    assert memory.first("f00d") == 0
