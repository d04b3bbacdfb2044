"""The site's own code: where a public name is documented, and where a link out of the pages leads."""

import importlib
import logging
import re
from types import SimpleNamespace

import pytest

from tests.helpers.written import ROOT
from tests.test_architecture import IMPORTS

DOCS = ROOT / "docs"


@pytest.fixture
def extension(monkeypatch):
    """Returns a function that imports an extension of the site."""
    monkeypatch.syspath_prepend(DOCS / "_extensions")
    return importlib.import_module


def test_the_reference_has_every_room_in_the_order_of_the_house(extension):
    listed = re.findall(r"^   (actsearch[.\w]*)$", (DOCS / "reference" / "index.md").read_text(), re.MULTILINE)
    rooms = [f"actsearch.{room}" for room in reversed(IMPORTS) if not room.startswith("__")]
    assert listed == ["actsearch", *rooms]
    assert set(listed) == set(extension("public_names").ROOMS)


def test_a_name_is_documented_where_it_is_defined(extension):
    homes = extension("public_names").homes()
    assert homes["actsearch"]["search"] == "actsearch.study"
    assert homes["actsearch.evaluation"]["Verification"] == "actsearch.analysis"
    assert homes["actsearch.nn"]["Layer"] == "actsearch.nn"
    assert all(homes[home][name] == home for names in homes.values() for name, home in names.items())


def test_every_constant_has_its_text(extension):
    names = extension("public_names")
    constants = [(room, name) for room in names.ROOMS for name in names.constants(room)]
    assert ("actsearch.language", "PRIMITIVES") in constants
    assert [constant for constant in constants if not "".join(names.text_of(*constant)).strip()] == []
    assert names.constants("actsearch.language")["Kind"]
    assert not names.constants("actsearch.language")["PRIMITIVES"]


def test_the_build_misses_a_name_that_is_on_no_page(extension, caplog):
    names = extension("public_names")
    there = {f"{home}.{name}" for home, room in names.homes().items() for name in room} - {"actsearch.language.parse"}
    python_domain = SimpleNamespace(objects=there)
    with caplog.at_level(logging.WARNING):
        names._all_are_there(None, SimpleNamespace(domains=SimpleNamespace(python_domain=python_domain)))
    room_and_front_door = ["actsearch.parse", "actsearch.language.parse"]
    assert caplog.messages == [f"{name} is public and on no page" for name in room_and_front_door]


def test_links_to_the_root_lead_to_its_pages(extension):
    page_of = extension("outside_pages").page_of
    pages = [page_of(str(ROOT / name)) for name in ("README", "CONTRIBUTING", "CHANGELOG")]
    assert pages == ["index", "contributing", "changelog"]
    assert all((DOCS / f"{page}.md").exists() for page in pages)
    assert page_of("how_to/ray") == "how_to/ray"


def test_formulas_of_an_output_are_typeset(extension):
    text = extension("formulas").typeset(r"<td>$\displaystyle -x \cdot \sigma(x)$</td><td>$\max(x, 0)$</td>")
    assert text.count("<math ") == text.count("</math>") == 2
    assert not re.search(r"[$\\]", text)
    assert ">max<" in text
