"""The page of running searches in a real browser: it follows, and says when nobody tells it more."""

import pytest

from actsearch import search
from actsearch.live import Follower, serving
from tests.helpers.browser import browser, opened
from tests.helpers.mock import MockEvaluator

pytestmark = pytest.mark.slow


def test_it_follows_a_search_and_outlives_its_server(tmp_path):
    with browser() as chromium:
        with serving([Follower(tmp_path / "<b>mine"), Follower(tmp_path / "later")]) as address:
            page, errors = opened(chromium, address)
            page.get_by_text("<b>mine: waiting").wait_for()
            assert page.locator("article").count() == 2
            search("swish-1", MockEvaluator(), "random", 60, out=tmp_path / "<b>mine")
            page.get_by_text("60 of 60 trials").wait_for()
            assert page.locator("article polyline").count() == 1
            assert page.evaluate("document.querySelector('progress').value") == 60
        page.get_by_text("has ended").wait_for()
        assert "60 of 60 trials" in page.inner_text("main")
        assert [error for error in errors if not error.startswith(address) and "Failed to load" not in error] == []
