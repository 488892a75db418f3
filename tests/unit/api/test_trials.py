"""`pretese.design` and `pretese.report` give what the commands print and take all their options."""

import csv
import gc
import inspect
import json
import tempfile
from pathlib import Path

import pandas as pd
import pytest

import pretese as pt
from pretese.api.trials.designs import Design
from pretese.cli import run
from pretese.commands import monitor, power, report

FIELDS = {
    "id": "plain",
    "title": "Fixed event rates",
    "question": "Does treatment work?",
    "participants": 120,
    "risks": {"control_percent": 30, "treated_percent": 60},
    "sites": [{"name": "one", "from_month": [0], "recruitment_per_year": [120]}],
    "endpoint": {"variable": "any_sperm", "endpoint_month": 4},
    "monitoring": {"analyses_percent": [50, 100], "efficacy": "OF"},
}
ROWS = [
    {
        "control_events": 9,
        "control_participants": 30,
        "treated_events": 15,
        "treated_participants": 30,
    },
    {
        "control_events": 18,
        "control_participants": 60,
        "treated_events": 36,
        "treated_participants": 60,
    },
]
QUICK = {"replicates": 40, "progress": False}


@pytest.fixture(scope="module")
def plain() -> Design:
    return pt.design(FIELDS)


@pytest.fixture
def file(tmp_path, plain) -> Path:
    path = tmp_path / "plain.yaml"
    path.write_text(plain.text)
    return path


def printed(capsys, *words):
    assert run([*map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_power_is_what_the_command_prints(plain, file, capsys):
    found = plain.power(
        [60, 120], [50], target_power=0.7, seed=5, sensitivity={"dropout": [0, 20]}, tornado=True,
        patient_level=True, **QUICK,
    )  # fmt: skip
    words = ["--participants", "60", "--participants", "120", "--effect", "50",
             "--target-power", "0.7",
    "--seed", "5",
             "--sensitivity", "dropout=0,20", "--tornado", "--patient-level",
             "--replicates", "40"]  # fmt: skip
    document = printed(capsys, "power", file, *words)
    assert found.to_dict() == document
    assert run(["power", str(file), *words]) == 0
    assert f"{found}\n" == capsys.readouterr().out
    assert (
        found.required_participants == document["designs"][0]["sample_size_search"]["participants"]
    )


def test_changes_and_compared_designs_are_those_of_the_command(capsys):
    changed = {"spermatogenesis.treatment.direct": 0.0}
    first = pt.design("superiority-any-sperm")
    found = first.power([100], changes=changed, compare=["superiority-retrieval-only"], **QUICK)
    words = ["superiority-any-sperm", "superiority-retrieval-only", "--participants", "100",
             "--set", "spermatogenesis.treatment.direct=0", "--replicates", "40"]  # fmt: skip
    assert found.to_dict() == printed(capsys, "power", *words)
    assert set(found.to_frame()["design"]) == {first.id, "superiority-retrieval-only"}
    assert "2 designs" in repr(found)


def test_the_table_has_every_measure_with_its_error(plain):
    table = plain.power([60, 120], **QUICK).to_frame()
    assert table[["participants", "effect_percent"]].to_numpy().tolist() == [
        [60, 0], [60, 100], [120, 0], [120, 100],
    ]  # fmt: skip
    last = table.iloc[-1]
    assert last["exact_power"] == pytest.approx(last["rejection"], abs=4 * last["rejection_mcse"])
    assert last["risk_treated"] == 0.6


def test_figures_and_page_need_no_folder_and_leave_no_files(plain, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    study = plain.power(**QUICK)
    assert len(study.plot().axes) == 2
    assert study.plot("distribution").axes
    page = study.report()
    assert "Fixed event rates" in page
    assert "<td>Design file</td>" in page
    with pytest.raises(pt.InputError, match="plot: name: 'x' is not a figure"):
        study.plot("x")
    with pytest.raises(pt.InputError, match="plot: design: 'x' is not in the study"):
        study.plot("distribution", design="x")
    assert list(tmp_path.glob("pretese-*"))
    del study
    gc.collect()
    assert not list(tmp_path.glob("pretese-*"))


def test_a_run_that_fails_leaves_no_scratch_folder(plain, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(pt.InputError, match=r"^target_power: "):
        plain.power(target_power=0.01, **QUICK)
    assert not list(tmp_path.glob("pretese-*"))


def test_a_kept_study_is_reported_as_the_command_does(plain, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        "pretese.trial.report.figures.power_figures.draw_all", lambda designs, folder: {}
    )
    out = tmp_path / "study"
    kept = plain.power(out=out, **QUICK)
    page = pt.report(out)
    assert (out / "report.html").read_text(encoding="utf-8") == page == kept.report()
    assert run(["report", str(out), "--out", str(tmp_path / "other.html")]) == 0
    assert (tmp_path / "other.html").read_text(encoding="utf-8") == page
    assert "report: " in capsys.readouterr().err
    more = plain.power(out=out, resume=True, replicates=60, progress=False)
    assert more.to_dict() == plain.power(replicates=60, progress=False).to_dict()


def test_monitoring_is_what_the_command_prints(plain, file, tmp_path, capsys):
    table = tmp_path / "analyses.csv"
    with table.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, ROWS[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(ROWS)
    document = printed(capsys, "monitor", file, table, "--effect", "50")
    for analyses in (table, str(table), ROWS, pd.DataFrame(ROWS)):
        assert plain.monitor(analyses, effects=[50]).to_dict() == document
    assert run(["monitor", str(file), str(table)]) == 0
    found = plain.monitor(ROWS)
    assert f"{found}\n" == capsys.readouterr().out
    assert found.to_frame()["decision"].iloc[-1] == document["analyses"][-1]["recommendation"]
    assert repr(found) == "<InterimReport: plain: 2 analyses, stopped, efficacy>"
    assert found.plot().axes
    assert found.assumptions == ()


def test_monitoring_passes_every_option(plain, file, tmp_path, capsys):
    table = tmp_path / "analyses.csv"
    pd.DataFrame(ROWS[:1]).to_csv(table, index=False, lineterminator="\n")
    final = printed(capsys, "monitor", file, table, "--final", "--planned", "110")
    assert plain.monitor(ROWS[:1], final=True, planned=110).to_dict() == final
    late = [{**ROWS[0], "treated_events": 29}, ROWS[1]]
    pd.DataFrame(late).to_csv(table, index=False, lineterminator="\n")
    over = printed(capsys, "monitor", file, table, "--overrunning")
    assert plain.monitor(late, overrunning=True).to_dict() == over
    words = ("monitor", "three-analyses", table, "--control-risk", "25%", "--treated-risk", "40%")
    pd.DataFrame(ROWS[:1]).to_csv(table, index=False, lineterminator="\n")
    risks = {"control_risk": 0.25, "treated_risk": 0.4}
    found = pt.design("three-analyses").monitor(ROWS[:1], **risks)
    assert found.to_dict() == printed(capsys, *words)


@pytest.mark.parametrize(
    ("command", "method", "named"),
    [
        (
            power.command,
            Design.power,
            {
                "designs": {"compare"},
                "axes": {"sensitivity"},
                "as_json": {"progress"},
                "prior": set(),  # a forecast, which has a method of its own
                "prior_of": set(),
                "part": set(),  # a part, which has a function of its own
                "worlds": set(),  # bands over parameter sets, which have a method of their own
            },
        ),
        (
            monitor.command,
            Design.monitor,
            {"design": set(), "interim": {"analyses"}, "plot": set(), "as_json": set()},
        ),
        (report.command, pt.report, {}),
    ],
)  # fmt: skip
def test_every_option_has_its_argument(command, method, named):
    options = {param.name for param in command.params}
    expected = set().union(*(named.get(name, {name}) for name in options))
    assert set(inspect.signature(method).parameters) - {"self"} == expected


def test_a_design_is_the_same_from_file_and_from_its_fields(plain, file):
    again = pt.design(file)
    assert pt.design(plain.to_dict()).to_dict() == again.to_dict() == plain.to_dict()
    shipped = pt.design("minimisation-eight-sites")
    assert pt.design(shipped.to_dict()).to_dict() == shipped.to_dict()
    assert repr(plain) == "<Design: plain, 120 participants, any_sperm>"
    assert len(repr(shipped)) < 100


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"participants": [5]},
            "participants: 5 is not allowed; give a whole number from 10 to 100,000",
        ),
        ({"participants": 100}, "participants: 100 is not a list; give a list"),
        ({"effects": [120]}, "effects: 120 is not allowed; give a number from 0 to 100"),
        ({"replicates": 3}, "replicates: 3 is not allowed"),
        ({"seed": -1}, "seed: -1 is not allowed"),
        ({"workers": 0}, "workers: 0 is not allowed"),
        ({"target_power": "0.8"}, "target_power: '0.8' is not a number"),
        ({"target_power": 1.5}, "target_power: 1.5 is not allowed"),
        ({"resume": True}, "resume: there is nothing to resume"),
        ({"sensitivity": ["dropout"]}, "sensitivity: ['dropout'] is not a mapping"),
        ({"sensitivity": {"dropout": 10}}, "sensitivity: dropout: 10 is not a list; give a list"),
        (
            {"changes": {"spermatogenesis.treatment.direct": 0}},
            "changes: plain has fixed event rates",
        ),
        ({"changes": {"x": "1"}}, "changes: x: '1' is not a number"),
        ({"compare": ["nowhere"]}, "nowhere"),
        ({"compare": "three-analyses"}, "compare: 'three-analyses' is not a list; give a list"),
        ({"compare": [FIELDS]}, "two designs have the same id"),
    ],
)
def test_bad_input_of_power_names_the_argument(plain, arguments, message):
    with pytest.raises(pt.InputError) as caught:
        plain.power(**{**QUICK, **arguments})
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"analyses": [{**ROWS[0], "control_events": 31}]}, "analyses: row 2, control_events"),
        ({"analyses": 3}, "analyses: 3 is not understood"),
        ({"analyses": [{"participants": 3}]}, "analyses: "),
        ({"planned": -1}, "planned: -1 is not allowed"),
        ({"control_risk": 0.3}, "treated_risk: only the other risk was given"),
        ({"control_risk": 30, "treated_risk": 60}, "control_risk: 30 is not allowed"),
        ({"control_risk": 0.3, "treated_risk": 0.6}, "control_risk: the design has risks"),
        ({"overrunning": True}, "overrunning: "),
    ],
)
def test_bad_input_of_monitoring_names_the_argument(plain, arguments, message):
    with pytest.raises(pt.InputError) as caught:
        plain.monitor(**{"analyses": ROWS[:1], **arguments})
    assert message in str(caught.value)
    assert "error: --" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("no-such-design", "no-such-design"),
        (3, "design: 3 is not allowed"),
        ({**FIELDS, "mn": 3}, "design: mn: there is no such field"),
        ({**FIELDS, "participants": "many"}, "design: participants: "),
    ],
)
def test_bad_designs_are_refused(source, message):
    with pytest.raises(pt.InputError) as caught:
        pt.design(source)
    assert message in str(caught.value)


def test_a_folder_without_a_study_has_no_report(tmp_path):
    with pytest.raises(pt.InputError, match=r"there is no power\.json"):
        pt.report(tmp_path)
    assert list(tmp_path.iterdir()) == []
