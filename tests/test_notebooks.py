"""Every notebook opens with its question, has no outputs, ends with what to try next, and runs from top to bottom."""

import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from actsearch.archive import Archive
from actsearch.spaces import get_space
from actsearch.trials import Proposal
from tests.helpers.mock import MockEvaluator
from tests.helpers.runs import run

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="session")
def small_run(tmp_path_factory):
    """An archive of 48 trials, scored by nothing but a hash."""
    directory, space, rng = tmp_path_factory.mktemp("run"), get_space("swish-1"), np.random.default_rng(0)
    genotypes = [space.sample(rng) for _ in range(48)]
    proposals = [Proposal(space.decode(genotype), genotype) for genotype in genotypes]
    with Archive.write(directory, run("", []).config) as archive:
        archive.append(MockEvaluator().evaluate(proposals, 0))
    return directory


each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.mark.slow  # the build of the site executes them all, and fails where a cell does
@each_notebook
def test_runs(path, small_run, monkeypatch):
    monkeypatch.setenv("ACTSEARCH_RUN", str(small_run))
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(path.parent)}})
    client.execute()  # raises CellExecutionError with the traceback of the cell that fails
    drawn = [output for cell in notebook.cells for output in cell.get("outputs", []) if "image/png" in str(output)]
    assert drawn, "a notebook shows at least one picture"


@each_notebook
def test_is_committed_without_outputs(path):
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert cells
    assert all(not cell.outputs and cell.execution_count is None for cell in cells)


@each_notebook
def test_begins_with_a_question_and_ends_with_what_to_try_next(path):
    first, *_, last = nbformat.read(path, as_version=4).cells
    title, _, text = first.source.partition("\n")
    assert title.startswith("# ")
    assert title.endswith("?")
    assert text.strip()
    assert last.source.startswith("## What to try next\n")


@each_notebook
def test_links_lead_to_pages(path):
    text = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown")
    links = [target for target in re.findall(r"\]\(([^)]+)\)", text) if "://" not in target]
    assert links
    assert [target for target in links if not (path.parent / target).exists()] == []
