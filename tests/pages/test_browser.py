"""The report in a real browser: drawn without an error, sorted, filtered, and a click away from its cards."""

import pytest

from actsearch.analysis import Scores, verified
from actsearch.archive import keep
from actsearch.language import parse
from actsearch.pages import write_report
from tests.helpers.browser import browser, opened

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def chromium():
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def address(run, fast, tmp_path_factory):
    programs = [parse(text) for text in ("relu(x)", "x * sigmoid(2 * x)", "tanh(x)")]
    scores = [(0.90, 0.92, 0.91), (0.95, 0.97, 0.96), (0.80, 0.81, 0.82)]
    rows = [Scores("digits", p, i == 0, s) for i, (p, s) in enumerate(zip(programs, scores, strict=True))]
    file = keep(run, "verification", verified(rows, seeds=(100, 101, 102)).to_json())
    path = write_report([run], tmp_path_factory.mktemp("page") / "report.html", cards=3)
    file.unlink()
    return path.as_uri()


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_drawn_whole_without_an_error(chromium, address, width, scheme):
    page, errors = opened(chromium, address, width, scheme)
    page.wait_for_function("document.querySelectorAll('.chart svg.marks').length >= 4")
    assert errors == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width  # nothing is cut off at the side
    boxes = page.evaluate("[...document.querySelectorAll('math')].map(m => m.getBoundingClientRect().width)")
    assert sum(width > 5 for width in boxes) >= 3  # typeset; those in closed cards have no size
    ink, paper = page.evaluate("['color', 'backgroundColor'].map(name => getComputedStyle(document.body)[name])")
    assert (ink, paper)[scheme == "light"] in ("rgb(255, 255, 255)", "rgb(232, 235, 238)")


def test_a_table_sorts_by_keyboard(chromium, address):
    page, _ = opened(chromium, address)
    head = page.locator("#verified th button").nth(2)
    column = "[...document.querySelectorAll('#verified tbody tr')].map(row => parseFloat(row.cells[2].dataset.key))"
    for order, sign in (("descending", -1), ("ascending", 1)):
        head.focus()
        page.keyboard.press("Enter")
        assert page.locator("#verified th").nth(2).get_attribute("aria-sort") == order
        numbers = page.evaluate(column)
        assert numbers == sorted(numbers, key=lambda number: sign * number)


def test_a_click_on_a_finalist_opens_its_card(chromium, address):
    page, errors = opened(chromium, address)
    point = page.locator(".finalists_marks path").first
    point.scroll_into_view_if_needed()
    assert page.locator("details.card[open]").count() == 0
    point.click()
    page.wait_for_function("document.querySelector('details.card[open]')")
    assert page.locator("details.card[open] .chart svg.marks").is_visible()
    assert errors == []


def test_a_link_to_a_card_opens_it_twice(chromium, address):
    page, _ = opened(chromium, address)
    link = page.locator("table a[href^='#card-']").first
    for _ in range(2):
        link.click()
        page.wait_for_function("document.querySelector('details.card[open]')")
        page.evaluate("document.querySelector('details.card[open]').open = false")


def test_a_point_tells_its_formula_and_a_status_can_be_chosen(chromium, address):
    page, errors = opened(chromium, address)
    point = page.locator(".finalists_marks path").first
    point.scroll_into_view_if_needed()
    point.hover()
    page.wait_for_function("document.querySelector('#vg-tooltip-element.visible')?.textContent.includes('formula')")
    choice = page.locator(".vega-bindings select").first
    assert "trained" in choice.locator("option").all_text_contents()
    choice.select_option(label="trained")
    assert errors == []


def test_printed_it_has_its_cards_open(chromium, address):
    page, _ = opened(chromium, address, scheme="dark")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details.card:not([open])").count() == 0
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("nav").is_visible()
    page.set_viewport_size({"width": 720, "height": 1000})  # A4 less its margins
    assert page.evaluate("document.documentElement.scrollWidth") <= 720
