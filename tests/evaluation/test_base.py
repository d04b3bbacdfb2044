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


def test_a_gate_before_training_leaves_the_other_forms_of_a_function_unknown():
    """It may look at how a function is written; one after training has seen what the function does."""
    memory, long = Memory(gates=["quality"]), parse("relu(x) + 0 * x")
    memory.add(Trial(0, long, "f00d", "rejected", gate="operations<=1"))
    assert (memory.first("f00d"), memory.has("f00d", 0, 1.0)) == (None, False)
    memory.add(Trial(1, long, "f00d", "rejected", gate="quality"))
    assert (memory.first("f00d"), memory.has("f00d", 0, 1.0)) == (1, True)
