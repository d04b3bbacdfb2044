"""Random programs, for properties that hold for all of them."""

from hypothesis import strategies as st

from actsearch.language import DEFAULT_PARAMETERS, PRIMITIVES, Builder

NUMBERS = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, -1.0, 0.5, 1e15, -1e15, 1e16, 1e-5, 5e-324, 1.7976931348623157e308, 2.0**53]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(10**18), 10**18).map(float),
)
PARAMETER_NAMES = st.sampled_from([*DEFAULT_PARAMETERS, "a", "t1", "t2", "e1", "E", "_", "params", "expx", "t01"])

SCALAR_NAMES = st.sampled_from(["scalar", "pi", "s1"])


@st.composite
def programs(draw, numbers=NUMBERS, inputs=("x",)):
    """Programs over every primitive, with shared subterms, constants of all kinds and declared parameters."""
    builder = Builder()
    nodes = [builder.input(name) for name in inputs]
    initial = {}
    for _ in range(draw(st.integers(0, 25))):
        kind = draw(st.sampled_from(["apply", "apply", "apply", "constant", "parameter", "scalar", "default"]))
        if kind == "constant":
            nodes.append(builder.constant(draw(numbers)))
        elif kind == "parameter":
            name = draw(PARAMETER_NAMES)
            initial.setdefault(name, draw(numbers))
            nodes.append(builder.parameter(name, initial[name]))
        elif kind == "scalar":
            name = draw(SCALAR_NAMES)
            initial.setdefault(name, draw(numbers))
            nodes.append(builder.parameter(name, initial[name], shared=True))
        elif kind == "apply":
            row = PRIMITIVES[draw(st.sampled_from(sorted(PRIMITIVES)))]
            nodes.append(builder.apply(row.name, *(draw(st.sampled_from(nodes)) for _ in range(row.arity))))
        elif initial.setdefault("beta", 1.0) == 1.0:
            nodes.append(builder.apply("rbf", draw(st.sampled_from(nodes)), nodes[-1]))
    return builder.program(nodes[-1])
