"""The ONNX models, opset 20, run by ONNX Runtime, equal actsearch in float32."""

import jax.numpy as jnp
import numpy as np
import pytest

from actsearch.catalog import CATALOG
from actsearch.engine import to_function
from actsearch.export import TARGETS, export_formula, onnx_model
from actsearch.export.subject import Subject
from actsearch.language import ActsearchError, parse
from actsearch.spaces import get_space
from tests.helpers.exported import call_of, known_calls


def test_without_the_package_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(ActsearchError, match=r"needs the package onnx: pip install 'actsearch\[onnx\]'"):
        export_formula(CATALOG["silu"].program, "onnx")


@pytest.fixture
def run():
    """Returns a function that runs the model of a program on inputs [rows, channels]."""
    reason = "needs ONNX: pip install 'actsearch[onnx]'"
    pytest.importorskip("onnx", reason=reason)
    runtime = pytest.importorskip("onnxruntime", reason=reason)

    def run(program, *inputs):
        session = runtime.InferenceSession(TARGETS["onnx"].write(Subject(program, "unit", ())))
        arrays = dict(zip(program.arguments, (one.astype(np.float32) for one in inputs), strict=False))
        return session.run(None, {one.name: arrays[one.name] for one in session.get_inputs()})[0]

    return run


def test_every_primitive(run):
    inputs, known = known_calls()
    for name, (expected, _) in known.items():
        if not TARGETS["onnx"].missing(call_of(name)):
            actual = run(call_of(name), *inputs)
            normal = np.abs(expected) < 1e30
            np.testing.assert_allclose(actual[normal], expected[normal], 1e-4, 1e-4, err_msg=name)


@pytest.mark.slow
def test_the_catalogue_and_samples_of_the_spaces(run):
    rng, spaces = np.random.default_rng(0), [get_space(name) for name in ("swish-2", "gate-2", "act-bench")]
    programs = [entry.program for entry in CATALOG.values()]
    programs += [space.decode(space.sample(rng)) for space in spaces for _ in range(100)]
    written = [program for program in programs if not TARGETS["onnx"].missing(program)]
    assert len(written) > 300
    for program in written:
        x, y = rng.normal(0.2, 1.3, (2, 12, 4)).astype(np.float32)
        expected = np.asarray(to_function(program)(*[x, y][: len(program.arguments)]))
        different = ~np.isclose(run(program, x, y), expected, 1e-4, 1e-4) & np.isfinite(expected)
        # Quotients of differences of nearly equal numbers are rounding, for a number or two of 48; a wrong row is more.
        assert different.sum() <= 2, program


def test_a_model_says_what_it_is(run):
    import onnx

    model = onnx.load_from_string(export_formula(CATALOG["swish"].program, "onnx"))
    assert [one.version for one in model.opset_import] == [onnx_model.OPSET]
    assert "swish: x * sigmoid(beta * x)" in model.graph.doc_string
    assert {one.name: list(one.float_data) for one in model.graph.initializer}["parameter_beta"] == [1.0]


def test_parameters_may_differ_by_channel(run):
    import onnx
    import onnxruntime

    model = onnx.load_from_string(TARGETS["onnx"].write(Subject(parse("x * beta"), "unit", ())))
    (beta,) = model.graph.initializer
    beta.CopyFrom(onnx.numpy_helper.from_array(np.float32([1, 2, 3]), beta.name))
    session = onnxruntime.InferenceSession(model.SerializeToString())
    np.testing.assert_array_equal(
        session.run(None, {"x": np.ones((2, 3), np.float32)})[0], jnp.tile(jnp.arange(1.0, 4), (2, 1))
    )
