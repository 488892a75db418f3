"""Five user stories from the first page to the printed page, in a real browser."""

import re
import zipfile

LOG = (
    b"patient,date,event,drug,amount,unit,value\n"
    b"a,2022-03-01,injection,hcg,2000,IU,\n"
    b"a,2022-03-03,injection,hcg,5000,IU,\n"
)


def printed(page):
    """Return the printed page as PDF, without the form."""
    page.emulate_media(media="print")
    for form in page.locator("form").all():
        assert not form.is_visible()
    assert page.locator("header").count() == 0 or not page.locator("header").is_visible()
    found = page.pdf()
    assert found.startswith(b"%PDF")
    assert len(found) > 5000
    page.emulate_media(media="screen")
    return found


def test_a_nurse_decides_with_the_keyboard_moves_a_slider_and_prints(open_page):
    page = open_page("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.fill("#decision_date", "2022-03-31")
    page.fill("#month", "2")
    page.select_option("#previous_phase", "hcg")
    page.focus("#fsh")
    page.keyboard.type("9.8")
    page.keyboard.press("Enter")
    page.wait_for_selector("#answer h1:has-text('uFSH and hCG, alternating')")
    assert page.locator("#answer time").first.get_attribute("datetime") == "2022-03-31"
    slider = page.locator('input.slider[data-field="fsh"]')
    assert slider.is_visible()
    slider.focus()
    slider.press("End")  # to twice the upper limit: hCG only
    page.wait_for_selector("#answer h1:has-text('hCG alone')")
    assert page.input_value("#fsh") == "22.2"
    printed(page)


def test_an_andrologist_sees_a_hold_first(open_page):
    page = open_page("/?lang=de")
    page.fill("#decision_date", "2022-03-31")
    page.select_option("#previous_phase", "hcg")
    page.fill("#fsh", "9,8")
    page.fill('[name="finding.hematocrit_percent"]', "56")
    page.keyboard.press("Enter")
    page.wait_for_selector("#answer .card.hold")
    cards = page.locator("#answer .card")
    assert "hold" in cards.first.get_attribute("class")
    assert page.locator("#answer time").count() == 0
    printed(page)


def test_a_data_manager_audits_a_log(open_page):
    page = open_page("/audit")
    page.set_input_files("#log", {"name": "log.csv", "mimeType": "text/csv", "buffer": LOG})
    page.click("button:has-text('Audit')")
    page.wait_for_selector("td:has-text('5000')")
    assert "dose" in page.content()
    assert page.pdf().startswith(b"%PDF")


def test_a_statistician_plans_confirms_and_compares(open_page):
    page = open_page("/trial")
    first = page.inner_text("#answer h1")
    slider = page.locator("#treated_percent")
    slider.focus()
    for _ in range(4):
        slider.press("ArrowLeft")
    page.wait_for_function(
        "text => document.querySelector('#answer h1').innerText !== text", arg=first
    )
    page.wait_for_function("() => location.search.includes('treated_percent=29')")
    assert page.locator("output").nth(1).inner_text() == "29"
    page.click("text=Confirm by 2,000 simulated trials")
    page.wait_for_selector("label:has-text('2,000 simulated trials')")
    assert page.locator("progress").get_attribute("value") == "4"
    printed(page)
    page.click("text=Compare two designs")
    page.wait_for_selector("h1:has-text('Compare two designs')")
    page.locator('[name="b.analyses"]').focus()
    page.keyboard.press("ArrowRight")
    page.click("button:has-text('Compute')")
    page.wait_for_url(re.compile("b.analyses=2"))
    assert page.locator("table.compared tbody tr").count() == 8


def test_a_data_scientist_changes_a_number_and_downloads_the_cohort(open_page, tmp_path):
    page = open_page("/cohort?patients=200")
    page.click("summary:has-text('fertility')")
    page.fill('[name="set.fertility.willing_share"]', "0.2")
    page.locator("button:has-text('Simulate')").last.click()
    page.wait_for_url(re.compile(r"set\.fertility\.willing_share=0\.2"))
    assert "miscarriage" not in page.url
    page.click("#tables a[rel=next]")
    page.wait_for_selector("#tables p:has-text('Page 2 of 10')")
    with page.expect_download() as waiting:
        page.click(".downloads a:has-text('parquet')")
    path = tmp_path / "cohort.zip"
    waiting.value.save_as(path)
    assert "cohort/patients.parquet" in zipfile.ZipFile(path).namelist()
    printed(page)


def test_every_page_works_without_javascript(open_page):
    page = open_page("/", java_script_enabled=False)
    page.fill("#decision_date", "2022-03-31")
    page.select_option("#previous_phase", "hcg")
    page.fill("#fsh", "9.8")
    page.click("button:has-text('Show the recommendation')")
    assert "uFSH and hCG, alternating" in page.inner_text("#answer h1")
    page.goto("/trial")
    page.select_option("#futility", "HSD")
    page.click("button:has-text('Compute')")
    assert "futility=HSD" in page.url
    page.click("text=Confirm by 2,000 simulated trials")
    assert "2,000 simulated trials" in page.inner_text("#simulation")
    page.goto("/cohort?patients=60")
    page.select_option("#scenario_choice", "null")
    page.click("button:has-text('Choose')")
    assert "scenario null" in page.inner_text("#answer h1")
