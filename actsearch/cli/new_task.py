"""`actsearch new-task`."""

import shlex
from pathlib import Path

import tyro

from actsearch.cli.common import writing
from actsearch.language import ActsearchError

TEMPLATE = Path(__file__).parent / "task_template.py"


def new_task(file: tyro.conf.Positional[Path] = Path("my_task.py")) -> None:
    """Write a template of a task of your own: a network with nnx.relu in it, data, and how it is trained.

    Example: actsearch new-task my_task.py

    Args:
        file: what to write; an existing file is never overwritten.
    """
    if file.suffix != ".py":
        raise ActsearchError(f"A task is a Python file; received {file}: write {file}.py.")
    with writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with file.open("x") as stream:
                stream.write(TEMPLATE.read_text().replace("FILE", str(file)))
        except FileExistsError:
            raise ActsearchError(f"{file} exists already; give another path.") from None
    task = shlex.quote(f"{file}:make")
    print(f"{file} is written. Next: actsearch tasks --check {task}; actsearch search --task {task}")
