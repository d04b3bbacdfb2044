"""How the text of the language tasks was made: Python's documentation topics and the docstrings of its library.

    python experiments/freeze_text.py [--out actsearch/tasks/datasets/files/python_docs.txt.xz]

Every version of Python has another text, so that one is frozen in the package (Python 3.11.7), under Python's own
licence beside it. Topics in alphabetical order, then every distinct docstring of at least 80 characters of the standard
library, tests left out, sorted. A character that occurs fewer than 30 times becomes "?".
"""

import ast
import collections
import lzma
import sysconfig
import warnings
from collections.abc import Iterator
from pathlib import Path
from pydoc_data.topics import topics

import tyro

SHORTEST, RAREST = 80, 30
EXCLUDED = {"test", "tests", "site-packages", "idlelib", "turtledemo", "lib2to3", "ensurepip", "__pycache__"}


def main(out: Path = Path("actsearch/tasks/datasets/files/python_docs.txt.xz")) -> None:
    """Write the text, compressed."""
    text = "\n\n".join([*(topics[name] for name in sorted(topics)), *sorted(set(docstrings()))])
    counts = collections.Counter(text)
    text = "".join(character if counts[character] >= RAREST else "?" for character in text)
    out.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{len(text):,} characters, {len(set(text))} distinct, {out.stat().st_size:,} bytes in {out}")


def docstrings() -> Iterator[str]:
    """Yields the docstrings of the standard library."""
    root = Path(sysconfig.get_paths()["stdlib"])
    for path in sorted(root.rglob("*.py")):
        if EXCLUDED.isdisjoint(path.relative_to(root).parts):
            yield from _docstrings_of(path)


def _docstrings_of(path: Path) -> Iterator[str]:
    kinds = ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(path.read_text(encoding="utf-8", errors="replace"))
    for node in ast.walk(tree):
        if isinstance(node, kinds) and (text := ast.get_docstring(node)) and len(text) >= SHORTEST:
            yield text


if __name__ == "__main__":
    tyro.cli(main)
