"""Every relative link and picture of the pages names a file, and every heading that one points to."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted(ROOT.glob("*.md")) + sorted((ROOT / "experiments").rglob("*.md"))
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
    assert {ROOT / "README.md", ROOT / "experiments" / "README.md"} < set(PAGES)
    assert len(TARGET.findall((ROOT / "README.md").read_text())) > 10


def test_a_broken_link_is_seen(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# A Page\n[here](page.md#a-page) ![no](none.png) [no](#none) [far](https://example.org)\n")
    assert broken(page) == ["none.png", "#none"]
