"""Every notebook runs from top to bottom on a small archive, and is committed without outputs."""

from pathlib import Path

import killed_search
import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="session")
def small_run(tmp_path_factory):
    directory = tmp_path_factory.mktemp("run")
    killed_search.run(directory, budget=48)
    return directory


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs(path, small_run, monkeypatch):
    monkeypatch.setenv("ACTSEARCH_RUN", str(small_run))
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(path.parent)}})
    client.execute()  # raises CellExecutionError with the traceback of the cell that fails
    drawn = [output for cell in notebook.cells for output in cell.get("outputs", []) if "image/png" in str(output)]
    assert drawn, "a notebook shows at least one picture"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_is_committed_without_outputs(path):
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert cells
    assert all(not cell.outputs and cell.execution_count is None for cell in cells)
