"""Not a test: a real browser without a window, for the tests of pages.

It is Chromium as Playwright installs it, or the system's. A test that finds neither fails: what only a browser can show
would otherwise go untested without a word.
"""

import contextlib
import shutil
import subprocess
import sys

SYSTEM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@contextlib.contextmanager
def browser():
    """Yields Chromium."""
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        said, found = "", next(filter(None, map(shutil.which, SYSTEM)), None)
        if found is None:
            install = [sys.executable, "-m", "playwright", "install", "chromium-headless-shell"]
            said = subprocess.run(install, capture_output=True, text=True).stderr
        try:
            chromium = playwright.chromium.launch(executable_path=found)
        except Error as error:
            remedy = "run `playwright install chromium`, or install your system's chromium"
            raise AssertionError(f"No browser to test pages in: {remedy}. {error}\n{said}") from error
        yield chromium
        chromium.close()


def opened(chromium, address, width=1280, scheme="light"):
    """Returns a page and the list that its errors come into."""
    page = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    errors = []
    page.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: errors.append(request.url) if request.url.startswith("http") else None)
    page.goto(address)
    return page, errors
