"""The README's Python examples run as they are printed, one after the other."""

import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def test_python_examples_run(capsys):
    examples, names = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL), {}
    assert len(examples) == 3
    for example in examples:
        assert len(example.strip().splitlines()) <= 20
        exec(compile(example, str(README), "exec"), names)
    assert names["y"].shape == (8, 16, 16, 64)
    scores, winner, incumbent = capsys.readouterr().out.strip().splitlines()
    assert len(re.findall(r"0\.\d+", scores)) == 2
    assert "x" in winner or "beta" in winner
    assert "x" in incumbent


def test_pictures_exist():
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", README.read_text())
    assert len(pictures) == 2
    assert all((README.parent / picture).stat().st_size > 0 for picture in pictures)
