"""The report of an analysis as a page and as a Word document, in the formats of journals."""

import io
import re
import sys
import zipfile

import docx
import numpy as np
import pandas as pd
import pytest

import pretese as pt
from pretese.analysis.journal_style import STYLES
from pretese.cli import run

PLAN = {
    "treatment": "therapy",
    "outcome": "sperm",
    "covariates": {"age": "numeric", "cause": {"categorical": ["unknown", "mumps"]}},
    "methods": ["unadjusted", "adjusted", "iptw-ate"],
    "population": "a clinic\x0bwith <marks> & signs",
    "seed": 1,
}


@pytest.fixture(scope="module")
def found():
    dice = np.random.default_rng(4)
    n = 90
    age = dice.normal(34, 5, n).round(1)
    therapy = (dice.uniform(size=n) < 0.5) * 1
    table = pd.DataFrame(
        {
            "therapy": therapy,
            "age": age,
            "cause": dice.choice(["unknown", "mumps"], n),
            "sperm": (dice.uniform(size=n) < 0.3 + 0.2 * therapy) * 1,
        }
    )
    return pt.analyse(table, PLAN, progress=False)


@pytest.fixture(scope="module")
def word(found):
    return found.to_docx(style="lancet")


def texts(table):
    return [[cell.text for cell in row.cells] for row in table.rows]


def test_the_word_document_holds_text_tables_and_every_figure(found, word):
    read = docx.Document(io.BytesIO(word))
    captions = [each.text for each in read.paragraphs]
    assert captions[0] == "Effect of therapy on sperm"
    assert "Table 2. Flow of patients" in captions
    assert any("We compared sperm (a binary outcome)" in each for each in captions)
    assert len(read.inline_shapes) == len(found.figures)
    pictures = [shape._inline.docPr.get("descr") for shape in read.inline_shapes]
    assert pictures[0] == "Figure 1. Flow of patients"
    items = next(table for table in read.tables if table.cell(0, 0).text == "item")
    assert {row[0] for row in texts(items)} >= {"STROBE 13", "TARGET 13"}


def test_the_effects_of_the_word_document_are_those_of_the_analysis(found, word):
    effects = texts(docx.Document(io.BytesIO(word)).tables[0])
    assert effects[0][:4] == ["method", "effect", "estimate (95% CI)", "p value"]
    for row, each in zip(effects[1:], found.document["estimates"], strict=True):
        by = 100 if each["scale"] == "risk difference" else 1
        digits = 1 if each["scale"] == "risk difference" else 2
        value = f"{by * each['estimate']:.{digits}f}".replace("-", "−").replace(".", "·")
        assert row[2].startswith(f"{value} (")
        assert row[3] == STYLES["lancet"].p_value(each["p_value"])


def test_control_characters_of_a_plan_do_not_break_the_document(word):
    shown = "".join(zipfile.ZipFile(io.BytesIO(word)).read("word/document.xml").decode())
    assert "\x0b" not in shown
    assert "&lt;marks&gt; &amp; signs" in shown


def test_the_same_analysis_gives_the_same_bytes(found, word, monkeypatch):
    assert found.to_docx(style="lancet") == word
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(10**9))
    assert found.to_docx(style="lancet") != word


@pytest.mark.parametrize(
    ("style", "values"),
    [
        ("plain", ["0.234", "0.047", "0.005", "<0.001", "0.996", ""]),
        ("nejm", ["0.23", "0.047", "0.005", "<0.001", ">0.99", ""]),
        ("jama", [".23", ".047", ".005", "<.001", ">.99", ""]),
        ("lancet", ["0·23", "0·047", "0·0049", "<0·0001", ">0·99", ""]),
    ],
)
def test_p_values_have_the_form_of_the_journal(style, values):
    numbers = [0.2341, 0.0471, 0.0049, 0.00002, 0.9961, None]
    assert [STYLES[style].p_value(each) for each in numbers] == values


@pytest.mark.parametrize("style", ["nejm", "jama", "lancet"])
def test_rounding_never_crosses_the_level_of_significance(style):
    for value in np.arange(0.0401, 0.0599, 0.00011):
        written = STYLES[style].p_value(float(value)).replace("·", ".")
        assert (float(written) < 0.05) == (value < 0.05)


@pytest.mark.parametrize(
    ("style", "interval"),
    [("plain", "1.2 to 3.4"), ("nejm", "1.2 to 3.4"), ("jama", "1.2-3.4"), ("lancet", "1.2–3.4")],
)
def test_negative_limits_are_joined_by_a_word(style, interval):
    assert STYLES[style].interval("1.2", "3.4") == interval
    assert STYLES[style].interval("-1.2", "3.4") == "-1.2 to 3.4"


def test_the_page_takes_the_style_too(found):
    page = found.to_html(style="jama")
    assert "P value" in page
    assert "estimate (95% CI)" in page
    with pytest.raises(pt.InputError, match="no style 'jma'; choose one of: plain, nejm"):
        found.to_html(style="jma")


def test_a_missing_library_is_refused_before_the_analysis(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "docx", None)
    words = ["analyse", "absent.csv", "--plan", "absent.yaml"]
    assert run([*words, "--report", str(tmp_path / "r.docx")]) == 2
    assert "pip install 'pretese[files]'" in " ".join(capsys.readouterr().err.split())


def test_the_report_names_the_primary_estimate_and_columns_by_their_labels():
    labels = {"therapy": "FSH therapy", "sperm": "sperm found", "age": "age, years"}
    primary = {"method": "iptw-ate", "effect": "odds ratio"}
    given = {**PLAN, "labels": labels, "primary": primary}
    dice = np.random.default_rng(5)
    table = pd.DataFrame(
        {
            "therapy": np.tile([0, 1], 40),
            "sperm": (dice.uniform(size=80) < 0.4) * 1,
            "age": dice.normal(34, 5, 80).round(1),
            "cause": np.repeat(["unknown", "mumps"], 40),
        }
    )
    page = pt.analyse(table, given, progress=False).to_html()
    text = " ".join(re.sub(r"<[^>]*>", " ", page).split())
    assert "Effect of FSH therapy on sperm found" in text
    assert "Primary estimate: odds ratio by inverse-probability weighting (ATE), " in text
    assert "The other estimates are secondary." in text
    assert "not adjusted for the number of estimates" in text
    assert len(re.findall(r"primary inverse-probability weighting \(ATE\) odds ratio", text)) == 1
    assert text.count("iptw-ate") == 2  # in the table of methods and the paragraph
    assert "age, years median [IQR]" in text
    assert "chi-square" not in text  # no tests in Table 1

    for field, value, words in (
        ("primary", {**primary, "method": "aipw"}, "'aipw' is not a method of the plan"),
        ("labels", {"agee": "age"}, "labels are for treatment, outcome and covariates"),
    ):
        with pytest.raises(pt.InputError, match=words):
            pt.analyse(table, {**given, field: value}, progress=False)


def test_without_a_primary_estimate_the_report_states_that_there_is_none(found):
    assert "Primary estimate: the plan specifies none" in found.to_html()
