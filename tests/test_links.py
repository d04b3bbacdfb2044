"""Every relative link and picture of the pages names a file, and every heading that one points to."""

import re

import pytest

from tests.helpers.written import PAGES, ROOT

TARGET = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"```.*?```", re.DOTALL)


def broken(page):
    """Returns the relative targets of a page's links and pictures that are not there."""
    targets = [target for target in TARGET.findall(FENCE.sub("", page.read_text())) if "://" not in target]
    return [target for target in targets if not _there(page, target)]


def _there(page, target):
    path, _, anchor = target.partition("#")
    file = page.parent / path if path else page
    if not file.exists() or (file.is_file() and not file.stat().st_size):
        return False
    headings = re.findall(r"^#+ (.+)$", file.read_text(), flags=re.MULTILINE) if anchor else []
    return not anchor or anchor in [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    assert broken(page) == []


def test_pages_are_found():
    assert {ROOT / "README.md", ROOT / "docs" / "studies" / "README.md"} < set(PAGES)
    assert len(TARGET.findall((ROOT / "README.md").read_text())) > 10


def test_a_broken_link_is_seen(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# A Page\n[here](page.md#a-page) ![no](none.png) [no](#none) [far](https://example.org)\n")
    assert broken(page) == ["none.png", "#none"]


CODE = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"(?:[\w-]+/)+[\w-]+(?:\.\w+)?/?|[\w-]+\.(?:py|md|json|parquet)")
HOMES = (ROOT, ROOT / "actsearch", ROOT / "experiments")


def absent(page):
    """Returns the paths, modules and make targets in a page's code that are not there.

    Paths are written from the root, the package or the experiments; `runs/` is where users keep theirs.
    """
    code = CODE.findall(FENCE.sub("", page.read_text()))
    words = {word for one in code for word in one.split()}
    paths = {word for word in words if PATH.fullmatch(word) and not word.startswith("runs/")}
    paths |= {word.replace(".", "/") + ".py" for word in words if word.startswith("experiments.")}
    targets = {one.split()[1] for one in code if one.startswith("make ")}
    makefile = (ROOT / "Makefile").read_text()
    return sorted(path for path in paths if not any((home / path).exists() for home in HOMES)) + sorted(
        target for target in targets if f"\n{target}:" not in makefile
    )


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=lambda page: page.name)
def test_paths_and_commands_exist(page):
    assert absent(page) == []


def test_an_absent_path_is_seen(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "`spaces/base.py` `spaces/none.py` `make search` `make none` `python -m experiments.none` `x / y`\n"
    )
    assert absent(page) == ["experiments/none.py", "spaces/none.py", "none"]


INDEX = ROOT / "docs/studies/README.md"
STUDIES = sorted(set(INDEX.parent.glob("*.md")) - {INDEX})


@pytest.mark.parametrize("page", STUDIES, ids=lambda page: page.stem)
def test_a_study_has_question_answer_table_and_command(page):
    text = page.read_text()
    parts = [] if page.stem == "appendix" else ["**Question.**", "**Answer.**", "**Run it again.**"]
    assert [part for part in [*parts, "\n|---|"] if part not in text] == []
    assert f"]({page.name})" in INDEX.read_text()
