"""Not a test: any trials at all, for the tests of whatever keeps them."""

from hypothesis import strategies as st

from actsearch.language import PRIMITIVES, Builder
from actsearch.spaces import Genotype
from actsearch.trials import Trial

METRICS = ["score", "loss", "seconds", "note", "digits-mlp/score", "digits-mlp/early", "odd name"]
NUMBERS = st.integers(0, 2**31)
TEXT = st.text(st.characters(codec="utf-8"), max_size=9)


@st.composite
def programs(draw):
    """Programs of any shape: inputs, parameters, constants and primitives."""
    builder = Builder()
    nodes = [builder.input("x")]
    leaves = [("input", "y"), ("parameter", "beta"), ("parameter", "v0")]
    for _ in range(draw(st.integers(0, 8))):
        if draw(st.booleans()):
            primitive = PRIMITIVES[draw(st.sampled_from(sorted(PRIMITIVES)))]
            operands = primitive.arity - len(primitive.implicit)
            nodes.append(builder.apply(primitive.name, *[draw(st.sampled_from(nodes)) for _ in range(operands)]))
        elif draw(st.booleans()):
            nodes.append(builder.constant(draw(st.floats(allow_nan=False, allow_infinity=False))))
        else:
            kind, name = draw(st.sampled_from(leaves))
            nodes.append(getattr(builder, kind)(name))
    return builder.program(nodes[-1])


def records(index=0):
    """Trials of any status with this index, their metrics NaN and infinity among other numbers."""
    status = st.sampled_from(["ok", "diverged", "duplicate", "failed", "rejected:gradient", "rejected:finite"])
    return st.builds(_record, st.just(index), status, _seeds_and_metrics(), _facts())


def _seeds_and_metrics():
    metrics = st.dictionaries(st.sampled_from(METRICS), st.floats())
    return st.lists(st.tuples(NUMBERS, metrics), max_size=3)


def _facts():
    return st.fixed_dictionaries(
        {
            "program": programs(),
            "fingerprint": TEXT,
            "score": st.none() | st.floats(allow_nan=False),
            "parents": st.lists(NUMBERS, max_size=2).map(tuple),
            "first": st.none() | NUMBERS,
            "genotype": st.none() | st.builds(Genotype, TEXT, st.lists(st.integers(0, 30), max_size=6).map(tuple)),
            "objectives": st.dictionaries(TEXT, st.floats(allow_nan=False), max_size=2),
            "repeat": st.integers(0, 9),
            "fidelity": st.floats(0, 1, exclude_min=True),
            "seconds": st.floats(0, 1e6),
            "note": TEXT,
        }
    )


def _record(index, stage, rows, facts):
    status, _, gate = stage.partition(":")
    seeds, metrics = tuple(zip(*rows, strict=True)) or ((), ())
    return Trial(index=index, status=status, gate=gate, seeds=seeds, metrics=metrics, **facts)
