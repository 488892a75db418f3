"""A laboratory's own reference range takes the place of the regimen's normal range."""

import pytest

import pretese
from pretese.cli import run
from protocol.errors import InputError
from protocol.regimen.load import parse_regimen
from protocol.regimen.load import plain_regimen as plain

DAY = "2022-03-31"


def decided(**changes):
    patient = {
        "patient": "p",
        "started": "2022-03-01",
        "phases": ["hcg"],
        "measurements": [
            {"date": "2022-03-30", "name": "fsh", "value": 11.8, "unit": "IU/L", "assay": "A"}
        ],
        **changes,
    }
    return pretese.regimen().decide(patient, decision_date=DAY)


def own(**changes):
    return {"analyte": "fsh", "low": 1.5, "high": 12.4, "unit": "IU/L", **changes}


def test_both_ends_of_the_range_are_normal_and_named_as_set_by_the_clinic():
    laboratory = pretese.regimen().with_reference_ranges({"fsh": "1.5 to 12.4 IU/L (Elecsys)"})
    answers = {
        fsh: laboratory.decide(month=2, fsh=fsh, decision_date=DAY).action
        for fsh in (1.4, 1.5, 12.4, 12.5)
    }
    assert answers == {1.4: "hcg", 1.5: "hcg-ufsh", 12.4: "hcg-ufsh", 12.5: "hcg"}
    decision = laboratory.decide(month=2, fsh=11.5, decision_date=DAY).details.decisions[-1]
    for parameter in decision.parameters:
        assert parameter.origin == "set by the clinic"
        assert parameter.status == "assumed"
        wording = "set by the clinic; reference range of Elecsys: 1.5 to 12.4 IU/L"
        assert parameter.citation == wording


def test_a_range_in_another_unit_is_converted_and_changes_the_hash():
    decide = {"month": 2, "fsh": 11.5, "decision_date": DAY}
    shipped = pretese.regimen()
    converted = shipped.with_reference_ranges(["fsh=0.0015 to 0.0124 IU/mL"])
    assert converted.decide(**decide).action == "hcg-ufsh"
    assert shipped.decide(**decide).action == "hcg"
    assert converted.compiled.sha256 != shipped.compiled.sha256


def test_a_number_set_by_the_user_does_not_cite_the_source_of_the_file():
    decision = pretese.regimen(fsh_high=12).decide(month=2, fsh=11.5, decision_date=DAY)
    changed = next(p for p in decision.details.decisions[-1].parameters if p.name == "fsh_high")
    assert changed.citation == "set by the user; in place of the regimen's number"


def test_the_assay_of_the_result_chooses_among_the_ranges_of_a_file():
    two = [own(assay="A"), own(assay="B", low=0.7, high=11.1)]
    assert decided(reference_ranges=two).action == "hcg-ufsh"
    two = [own(assay="B"), own(assay="A", low=0.7, high=11.1)]
    assert decided(reference_ranges=two).action == "hcg"


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ([own(assay="B")], "the assay 'A' has no range; there are ranges for: B"),
        ([own(assay="A"), own(assay="A")], "the assay 'A' has no range"),
        ([own(low=12.4, high=1.5)], "12.4 to 1.5 is not a range; give the lower first"),
        ([own(analyte="lh")], "fsh-guided decides nothing by a normal range of 'lh'"),
        ([own(unit="ng/mL", assay="A")], "FSH is measured in [IU]/L, not as mass"),
    ],
)
def test_an_implausible_range_is_refused(ranges, message):
    with pytest.raises(InputError) as caught:
        decided(reference_ranges=ranges)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fsh 1-12", "'fsh 1-12' is not understood; write 'fsh=1.5 to 12.4 IU/L'"),
        ("fsh=12 to 1 IU/L", "12 to 1 is not a range"),
        ("lh=1 to 12 IU/L", "fsh-guided decides nothing by a normal range of 'lh'"),
        ("fsh=1,5 to 12 IU/L", "is not a number"),
    ],
)
def test_an_invalid_option_is_refused(capsys, text, message):
    assert run(["decide", "--month", "2", "--fsh", "9", "--reference-range", text]) == 2
    assert message in capsys.readouterr().err


def test_schedule_and_audit_use_the_range(capsys, tmp_path):
    option = ["--reference-range", "fsh=1.5 to 12.4 IU/L"]
    schedule = ["schedule", "--start", "2022-03-01", "--fsh", "11.8"]
    assert run(schedule) == 0
    assert "uFSH" not in capsys.readouterr().out.split("Next decision")[0]
    assert run([*schedule, *option]) == 0
    assert "uFSH 150 IU" in capsys.readouterr().out


def test_the_figure_of_a_decision_shows_the_range_in_use(capsys, tmp_path):
    out = tmp_path / "course.svg"
    words = ["decide", "--month", "2", "--fsh", "11.8", "--decision-date", DAY]
    option = ["--reference-range", "fsh=1.5 to 12.4 IU/L", "--picture", str(out)]
    assert run([*words, *option]) == 0
    assert "Normal range 1.5 to 12.4 IU/L" in out.read_text()
    assert f"wrote {out}" in capsys.readouterr().err
    assert run([*words, "--picture", str(tmp_path / "no" / "course.svg")]) == 2


def test_a_regimen_names_only_parameters_that_it_has():
    import yaml

    text = yaml.safe_dump({**plain("fsh-guided"), "reference_ranges": {"fsh": {"low": "fsh_lo"}}})
    with pytest.raises(InputError, match=r"reference_ranges\.fsh\.low: there is no parameter"):
        parse_regimen(text, "mine.yaml")
