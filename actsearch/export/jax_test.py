"""The self-tests of the files for JAX: what they compute is compared with the numbers of `actsearch.export.numbers`."""

from actsearch.export.numbers import Numbers, numbers
from actsearch.export.python_file import array, comparison
from actsearch.export.subject import Subject


def function_test(subject: Subject) -> str:
    """Returns the test of a function."""
    call = f"{subject.name}({', '.join(subject.program.arguments)})"
    known = numbers(subject.program)
    return _test(subject, known, [f"value = {call}", f"slope = jax.grad(lambda x: {call}.sum())(x)"])


def module_test(subject: Subject, training: list[str], evaluation: str) -> str:
    """Returns the test of a module.

    Args:
      subject: what it is a module of.
      training: statements that give `value` and `slope`, which leave one step of training in the module's statistics.
      evaluation: expression of the value in evaluation afterwards.
    """
    known = numbers(subject.program)
    return _test(subject, known, training, evaluation)


def _test(subject: Subject, known: Numbers, computed: list[str], evaluation: str = "") -> str:
    pairs = {"value": known.value} | ({} if known.slope is None else {"slope": known.slope})
    if known.evaluated is not None:
        pairs[evaluation] = known.evaluated
    lines = [
        'jax.config.update("jax_enable_x64", True)  # the numbers are actsearch\'s, in float64',
        *(line for name, one in known.inputs.items() for line in array(name, "jnp.array({})", one, "np.")),
        *computed,
        *comparison(pairs, "np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-6)", "np."),
        f'print("{subject.name} agrees with actsearch")',
    ]
    return "\n".join(lines)
