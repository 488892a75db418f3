"""Take the screenshots of the documentation and write them to a folder.

``python tests/browser/screenshots.py docs/images``, after `make browser-test` has installed the
driver. Check each screenshot by eye.
"""

import shutil
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

DECIDED = {"#decision_date": "2022-04-30", "#start": "2022-03-01", '[name="result.fsh.0"]': "18.1",
           '[name="result.fsh.1"]': "9.8", '[name="result.testosterone.0"]': "13.6",
           '[name="result.testosterone.1"]': "21.4", "#fsh": "6.2"}  # fmt: skip
HELD = {'[name="finding.hematocrit_percent"]': "55.5"}
PHASES = {'[name="phase.1"]': "hcg", '[name="phase.2"]': "hcg-ufsh"}


@contextmanager
def served() -> Iterator[str]:
    """Serve the application on this machine."""
    import uvicorn

    from pretese.web.application import create_application
    from pretese.web.security.settings import ServerSettings

    listener = socket.create_server(("127.0.0.1", 0))
    application = create_application(ServerSettings(max_seconds=120))
    config = uvicorn.Config(application, log_level="error", access_log=False)
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
    thread.start()
    while not running.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    running.should_exit = True
    thread.join()
    listener.close()


def bedside(page: Any, more: dict[str, str], answer: str) -> None:
    """Fill the form of the bedside page."""
    page.goto("/")
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    for place, value in {**DECIDED, **more}.items():
        page.fill(place, value)
    for place, value in PHASES.items():
        page.select_option(place, value)
    page.click("button:has-text('Show the recommendation')")
    page.wait_for_selector(answer)
    page.evaluate("for (const d of document.querySelectorAll('form details')) d.open = false")
    page.evaluate("scrollTo(0, 0)")


def main(folder: Path) -> None:
    """Write the five pictures."""
    from playwright.sync_api import sync_playwright

    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(base_url=address, viewport={"width": 1200, "height": 860})
        page.set_default_timeout(120_000)
        bedside(page, HELD, "#answer .card.hold")
        page.screenshot(path=folder / "page-bedside-hold.png")
        bedside(page, {}, "#answer .card.recommendation")
        page.screenshot(path=folder / "page-bedside.png")
        page.goto("/trial?analyses=3&futility=HSD&dropout_percent=10&prior_sd_percent=40")
        page.screenshot(path=folder / "page-trial.png")
        page.goto("/trial/compare?b.analyses=3&b.futility=HSD&b.treated_percent=33")
        page.screenshot(path=folder / "page-compare.png")
        page.goto("/cohort?scenario=strong-confounding")
        page.screenshot(path=folder / "page-cohort.png")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
