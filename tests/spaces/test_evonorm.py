"""The space of EvoNorm has the published primitives and counts, and reaches the published layers."""

import numpy as np
import pytest

from actsearch.catalog import CATALOG
from actsearch.engine import fingerprint
from actsearch.spaces import evonorm

OPS = {option: i for i, option in enumerate(next(d for d in evonorm().decisions if d.name == "node1").options)}
S_OPS = {
    option: i for i, option in enumerate(next(d for d in evonorm(series="S").decisions if d.name == "node1").options)
}
X, V0, V1, ZERO = range(4)
FIRST = 4  # the register of node 1


def genotype(ops, rows, nodes=10):
    """Returns the choices of some nodes, the rest of them dead and in front of the last one."""
    dead = [("tanh(x)", X, V0)] * (nodes - len(rows))
    first = len(dead)
    moved = [(op, *(arg if arg < FIRST else arg + first for arg in args)) for op, *args in rows]
    return [choice for op, a, b in dead + moved for choice in (a, b, ops[op])]


def test_published_sizes():
    assert len(OPS) == 24
    assert len(S_OPS) == 21
    assert not any("batch" in name for name in S_OPS)
    assert set(OPS) - set(S_OPS) == {"batch_mean(x)", "batch_rms(x)", "batch_std(x)"}
    count = 1
    for node in range(10):
        count *= 24 * (4 + node) ** 2
    assert evonorm().count() == count
    assert evonorm(nodes=1, series="S").count() == 21 * 16


def test_b0_is_reachable_with_six_operations():
    """x / max(batch_std(x), v1 * x + instance_std(x)): as many as the paper says."""
    rows = [
        ("x * y", V1, X),
        ("instance_std(x)", X, X),
        ("x + y", FIRST, FIRST + 1),
        ("batch_std(x)", X, X),
        ("max(x, y)", FIRST + 3, FIRST + 2),
        ("x / y", X, FIRST + 4),
    ]
    program = evonorm().decode(genotype(OPS, rows))
    assert str(program) == "param beta = 0; x / max(batch_std(x), v1 * x + instance_std(x)) * gamma + beta"
    assert fingerprint(program) == fingerprint(CATALOG["evonorm_b0"].program)


def test_s0_is_reachable_with_five_operations():
    rows = [
        ("x * y", V1, X),
        ("sigmoid(x)", FIRST, X),
        ("x * y", X, FIRST + 1),
        ("group_std(x)", X, X),
        ("x / y", FIRST + 2, FIRST + 3),
    ]
    program = evonorm(series="S").decode(genotype(S_OPS, rows))
    assert str(program) == "param beta = 0; x * sigmoid(v1 * x) / group_std(x) * gamma + beta"
    assert [reduction.name for reduction in program.reductions] == ["group_std"]
    assert fingerprint(program) == fingerprint(CATALOG["evonorm_s0"].program)


def test_s1_and_s2_are_functionally_reached():
    for name, op in (("evonorm_s1", "group_std(x)"), ("evonorm_s2", "group_rms(x)")):
        rows = [("sigmoid(x)", X, X), ("x * y", FIRST, X), (op, X, X), ("x / y", FIRST + 1, FIRST + 2)]
        found = evonorm(series="S").decode(genotype(S_OPS, rows))
        assert fingerprint(found) == fingerprint(CATALOG[name].program)


def test_initial_nodes_and_parameters():
    space = evonorm(nodes=1)
    sums = {other: space.decode((X, other, OPS["x + y"])) for other in (V0, V1, ZERO)}
    assert [str(p) for p in sums.values()] == [
        "param beta = 0; (x + v0) * gamma + beta",
        "param beta = 0; (x + v1) * gamma + beta",
        "param beta = 0; (x + 0) * gamma + beta",
    ]
    assert dict(sums[V0].parameters) == {"v0": 0.0, "gamma": 1.0, "beta": 0.0}


def test_a_mutation_draws_one_node_anew_and_wakes_dead_nodes():
    space, rng = evonorm(), np.random.default_rng(0)
    drawn, sizes = space.sample(rng), set()
    for _ in range(2000):
        drawn = space.mutate(drawn, rng)
        program = space.decode(drawn)
        sizes.add(sum(bool(node.args) for node in program.nodes) - 2)
    assert sizes >= set(range(1, 6))  # the genotype keeps ten nodes, however few of them live


@pytest.mark.parametrize("kwargs", [{"nodes": 0}, {"nodes": 21}, {"nodes": 2.5}, {"series": "b"}, {"series": "C"}])
def test_out_of_range(kwargs):
    (value,) = kwargs.values()
    with pytest.raises(ValueError, match=f"received {value!r}"):
        evonorm(**kwargs)
