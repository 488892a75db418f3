"""axe-core finds no violation on any page, in light and dark mode, on desktops and phones."""

import pytest

PAGES = [
    "/", "/?lang=zh", "/regimens", "/regimens/fsh-guided", "/audit", "/trial/compare", "/docs",
    "/trial?analyses=3&futility=HSD", "/trial?lang=de", "/cohort?patients=60", "/nothing",
]  # fmt: skip


def violations(page):
    """Return what axe-core finds."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    found = axe.Axe().run(page).response["violations"]
    return [(each["id"], each["nodes"][0]["html"][:200]) for each in found]


def decided(page):
    page.select_option("#previous_phase", "hcg")
    page.fill("#fsh", "9.8")
    page.fill('[name="finding.hematocrit_percent"]', "52")
    page.fill("#decision_date", "2022-03-31")
    page.keyboard.press("Enter")
    page.wait_for_selector("#answer h1")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_violation(open_page, scheme):
    page = open_page("/", color_scheme=scheme, bypass_csp=True)
    decided(page)
    found = {"/ decided": violations(page)}
    for path in PAGES:
        page.goto(path)
        page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
        found[path] = violations(page)
    assert {path: each for path, each in found.items() if each} == {}


def test_no_page_is_wider_than_a_phone(open_page):
    page = open_page("/", viewport={"width": 390, "height": 844})
    wide = {}
    for path in PAGES:
        page.goto(path)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 390:
            wide[path] = width
    assert wide == {}


def test_animations_are_off_if_reduced_motion_is_preferred(open_page):
    page = open_page("/trial", reduced_motion="reduce")
    moving = page.evaluate(
        "[...document.querySelectorAll('*')].filter(e => {"
        "const s = getComputedStyle(e);"
        "return s.transitionDuration !== '0s' || s.animationName !== 'none'}).length"
    )
    assert moving == 0
