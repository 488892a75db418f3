"""A browser and the server for `make browser-test`; other runs skip the tests that need them.

Pages are served only on this machine, by a thread that ends with the tests.
"""

import os
import shutil
from pathlib import Path

import pytest

from tests.support.checkout.programs import load_program

FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run", "--disable-quic"]  # fmt: skip


def browser_path() -> str | None:
    """Return the browser of this machine; None if there is none."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((found for found in map(shutil.which, names) if found), None)


def pytest_collection_modifyitems(items):
    """Skip tests for which no browser is installed, and state how to install one."""
    folder = Path(__file__).parent
    why = None
    if not os.environ.get("PRETESE_BROWSER"):
        why = "run it with `make browser-test`"
    elif browser_path() is None:
        why = "there is no browser; install Debian's package chromium"
    for item in items:
        if why and folder in Path(item.fspath).parents:
            item.add_marker(pytest.mark.skip(reason=why))


@pytest.fixture(scope="session")
def address():
    """Serve the application, and return its address."""
    pytest.importorskip("uvicorn")
    with load_program("tests/browser/screenshots.py").served() as found:
        yield found


@pytest.fixture(scope="session")
def browser():
    """Start the browser."""
    api = pytest.importorskip("playwright.sync_api", reason="run it with `make browser-test`")
    with api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def open_page(browser, address):
    """Return a function that opens a page; requests to other servers fail the test."""
    contexts, foreign, errors = [], [], []

    def opened(path="/", **options):
        context = browser.new_context(base_url=address, accept_downloads=True, **options)
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda r: foreign.append(r.url) if not _own(r.url, address) else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda m: errors.append(m.text) if _is_fault(m) else None)
        page.goto(path)
        page.wait_for_load_state("networkidle")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert foreign == []
    assert errors == []


def _is_fault(message):
    """Return whether a console message is a fault of the page; missing addresses do not count."""
    return message.type == "error" and "404" not in message.text


def _own(url, address):
    return url.startswith((address, "data:", "blob:", "about:"))
