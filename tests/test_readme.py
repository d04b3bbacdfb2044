"""The README's Python example runs as it is printed."""

import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def test_python_example_runs(capsys):
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)
    assert len(example.strip().splitlines()) <= 20
    exec(compile(example, str(README), "exec"), {})
    scores, winner = capsys.readouterr().out.strip().splitlines()
    assert len(re.findall(r"0\.\d+", scores)) == 2
    assert "x" in winner or "beta" in winner


def test_picture_exists():
    (picture,) = re.findall(r"!\[.*?\]\((.*?)\)", README.read_text())
    assert (README.parent / picture).stat().st_size > 0
