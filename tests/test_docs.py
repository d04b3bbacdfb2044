"""The pages on clusters: their files are whole, their commands exist, and the job array does what the page says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from actsearch.archive import Archive, check
from actsearch.cli import main

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs" / "how_to"
SCRIPTS = sorted(DOCS.rglob("*.sh"))
MANIFESTS = sorted(DOCS.rglob("*.yaml"))
PAGES = sorted(DOCS.glob("*.md"))


def names(paths):
    return [path.relative_to(DOCS).as_posix() for path in paths]


@pytest.mark.parametrize("script", SCRIPTS, ids=names(SCRIPTS))
def test_a_script_is_bash(script):
    process = subprocess.run(["bash", "-n", script], capture_output=True, text=True)
    assert (process.returncode, process.stderr) == (0, "")


@pytest.mark.parametrize("manifest", MANIFESTS, ids=names(MANIFESTS))
def test_a_manifest_is_whole(manifest):
    """Each object has its kind and name, and every volume claim, service and label that one names is there."""
    objects = list(yaml.safe_load_all(manifest.read_text()))
    assert all({"apiVersion", "kind", "metadata", "spec"} <= one.keys() for one in objects)
    text = manifest.read_text()
    present = {(one["kind"], one["metadata"]["name"]) for one in objects}
    assert {("PersistentVolumeClaim", name) for name in re.findall(r"claimName: ([\w-]+)", text)} <= present
    assert {("Service", host) for host in re.findall(r"--address=([\w-]+):6379", text)} <= present
    for one in objects:
        if selector := one["spec"].get("selector"):
            labels = selector.get("matchLabels", selector)
            assert any(labels == _labels(other) for other in objects)


def _labels(manifest):
    return manifest["spec"].get("template", {}).get("metadata", {}).get("labels")


def test_the_commands_have_these_options(capsys):
    texts = [path.read_text() for path in (*SCRIPTS, *MANIFESTS, *PAGES)]
    used = set()
    for text in texts:
        for call in re.findall(r"actsearch search ((?:\\\n|[^\n`#&])+)", text):
            used |= set(re.findall(r"--[a-z-]+", call))
    assert {"--executor", "--address", "--piece-minutes", "--seed"} <= used
    with pytest.raises(SystemExit):
        main(["search", "--help"])
    known = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    assert used - known == set()


@pytest.mark.parametrize("page", [DOCS / "slurm.md", DOCS / "kubernetes.md"], ids=lambda page: page.stem)
def test_a_page_names_its_files(page):
    files = sorted(path for path in (DOCS / page.stem).iterdir())
    assert [file for file in files if f"({page.stem}/{file.name})" not in page.read_text()] == []


@pytest.mark.slow
def test_the_job_array(tmp_path):
    """Two members at once, on one file system, one of them stopped and given again; then the page's merge."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    environment |= {"PYTHONPATH": str(ROOT), "TASK": "tabular-swish1-digits-resnet", "SPACE": "swish-1"}

    def member(number, budget):
        facts = {"SLURM_ARRAY_TASK_ID": str(number), "BUDGET": str(budget)}
        return subprocess.Popen(["bash", DOCS / "slurm/array.sh"], cwd=tmp_path, env=environment | facts)

    for budgets in ((300, 200), (300, 300)):
        members = [member(number, budget) for number, budget in enumerate(budgets)]
        assert [process.wait() for process in members] == [0, 0]
    merge = "actsearch merge runs/array/* --out runs/all"
    assert merge in (DOCS / "slurm.md").read_text()
    subprocess.run(["bash", "-c", merge], cwd=tmp_path, env=environment, check=True)
    assert check(tmp_path / "runs/all") == 600
    with Archive.read(tmp_path / "runs/all") as archive:
        assert [run["config"]["seed"] for run in archive.config["merged"]] == [0, 1]
        assert archive.best(1)[0].score > 0.9
