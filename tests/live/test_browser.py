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
            page.wait_for_function("document.querySelectorAll('article').length === 2")
            assert "<b>mine: waiting" in page.inner_text("main")
            search("swish-1", MockEvaluator(), "random", 60, out=tmp_path / "<b>mine")
            page.wait_for_function("document.querySelector('article').innerText.includes('60 of 60 trials')")
            assert page.locator("article polyline").count() == 1
            assert page.evaluate("document.querySelector('progress').value") == 60
        page.wait_for_function("document.getElementById('told').innerText.includes('has ended')")
        assert "60 of 60 trials" in page.inner_text("main")
        assert [error for error in errors if not error.startswith(address) and "Failed to load" not in error] == []
