"""The C headers compile without a warning and agree with actsearch, in double and in float."""

import shutil
import subprocess

import numpy as np
import pytest

from actsearch import parse
from actsearch.catalog import CATALOG
from actsearch.export import TARGETS, export_formula
from actsearch.export.subject import Subject
from tests.helpers.exported import call_of, known_calls

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler named cc")


def test_all_primitives_in_one_file_compile_and_agree(tmp_path):
    inputs, known = known_calls()
    names = [name for name in known if not TARGETS["c"].missing(call_of(name))]
    arrays = [
        f"const double {name}[] = {{{', '.join(map(repr, one.reshape(-1).tolist()))}}};"
        for name, one in zip("xy", inputs, strict=True)
    ]
    loops = []
    for name in names:
        program = call_of(name)
        (tmp_path / f"{name}.h").write_text(TARGETS["c"].write(Subject(program, f"unit_{name}", (), tested=False)))
        rest = [*("y[i]" for _ in program.arguments[1:]), *(repr(value) for _, value in program.parameters)]
        for suffix in ("", "f"):
            call = f"unit_{name}{suffix}({', '.join(['x[i]', *rest])})"
            loops.append(f'for (int i = 0; i < {inputs[0].size}; i++) printf("%.17g ", (double){call});')
    lines = ["#include <stdio.h>", *(f'#include "{name}.h"' for name in names), *arrays, "int main(void) {", *loops]
    actual = run(tmp_path, "\n".join([*lines, "return 0; }"])).reshape(len(names), 2, *inputs[0].shape)
    for name, (double, single) in zip(names, actual, strict=True):
        expected = known[name][0]
        np.testing.assert_allclose(double, expected, 1e-9, 1e-9, err_msg=name)
        normal = np.abs(expected) < 1e30
        np.testing.assert_allclose(single[normal], expected[normal], 1e-4, 1e-4, err_msg=name)


def run(folder, code):
    """Returns what a program in C prints, as numbers."""
    (folder / "all.c").write_text(code)
    subprocess.run(["cc", "-std=c99", "-Wall", "-Werror", "-o", folder / "all", folder / "all.c", "-lm"], check=True)
    return np.array(subprocess.run([folder / "all"], check=True, capture_output=True, text=True).stdout.split(), float)


def test_two_signs_are_no_decrement(tmp_path):
    header, program = tmp_path / "unit.h", parse("--x * log_sigmoid(-x) + rbf(x, 1, -(-beta))")
    header.write_text(TARGETS["c"].write(Subject(program, "unit", ())))
    subprocess.run(["cc", "-x", "c", "-DACTSEARCH_TEST", "-o", tmp_path / "unit", header, "-lm"], check=True)
    assert subprocess.run([tmp_path / "unit"], capture_output=True, text=True).stdout == "unit agrees with actsearch\n"


def test_a_header_is_its_own_test(tmp_path):
    header = tmp_path / "swish.h"
    header.write_text(export_formula(CATALOG["swish"].program, "c"))
    build = ["cc", "-std=c99", "-x", "c", "-DACTSEARCH_TEST", "-o", tmp_path / "swish", header, "-lm"]
    subprocess.run(build, check=True)
    done = subprocess.run([tmp_path / "swish"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "swish agrees with actsearch\n")
    header.write_text(header.read_text().replace("return x *", "return 2 * x *"))
    subprocess.run(build, check=True)
    assert subprocess.run([tmp_path / "swish"], capture_output=True).returncode == 1
