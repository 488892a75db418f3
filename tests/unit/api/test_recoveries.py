"""`pretese.recover`: the same answers as the command gives, with or without a folder."""

import gc
import importlib
import json

import pytest

import pretese as pt
from pretese.cli import run
from pretese.recovery.results import recovery_figures

# It draws a random number when it is first imported, which the guard would attribute to this
# program.
importlib.import_module("rich.style")

PLAN = {
    "outcome": "any_sperm",
    "covariates": {"fsh_iu_l": "numeric", "diagnosis": {"categorical": ["idiopathic", "azfc"]}},
    "methods": ["g-computation", "unadjusted"],
}

PLAN_TEXT = """
outcome: any_sperm
covariates: {fsh_iu_l: numeric, diagnosis: {categorical: [idiopathic, azfc]}}
methods: [g-computation, unadjusted]
"""

CASES = ["constant-effect", "no-effect"]
SIZES = {"replicates": 40, "truth_patients": 20_000, "seed": 6, "workers": 1, "progress": False}


def words(folder, out, *more):
    return [
        "recover", *CASES, "--plan", str(folder / "plan.yaml"), "--out", str(out), "--seed", "6",
        "--truth-patients", "20000", "--replicates", "40", "--workers", "1", *more,
    ]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("recovery")
    (place / "plan.yaml").write_text(PLAN_TEXT)
    return place


@pytest.fixture(scope="module")
def found():
    return pt.recover(CASES, PLAN, **SIZES)


@pytest.fixture(scope="module")
def written(folder):
    out = folder / "command"
    assert run(words(folder, out)) == 0
    return out


def bytes_of(folder):
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def without_manifest(folder):
    return {name: each for name, each in bytes_of(folder).items() if "manifest.json" not in name}


def test_the_document_is_that_of_the_command(found, folder, capsys):
    assert run(words(folder, folder / "json", "--json", "--no-figures")) == 0
    printed = capsys.readouterr().out
    assert json.loads(printed) == found.to_dict()["verdicts"]
    assert printed == found.to_json() + "\n"


def test_text_equals_the_output_of_the_command(found, folder, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    out = folder / "text"
    assert run(words(folder, out, "--no-figures")) == 0
    printed = capsys.readouterr().out
    assert printed == str(found) + f"Estimates, tables and figures: {out / 'results'}\n"


def test_written_files_equal_those_of_the_command(found, written, folder):
    found.write(folder / "results")
    ours = bytes_of(folder / "results")
    assert {"performance.csv", "estimates/no-effect.parquet", "zip-no-effect-own.svg"} <= set(ours)
    assert ours == bytes_of(written / "results")


def test_a_folder_of_the_interface_is_that_of_the_command(written, folder, capsys, monkeypatch):
    """`test_written_files_equal_those_of_the_command` compares the figures."""
    monkeypatch.setattr(recovery_figures, "draw_recovery_figures", lambda *_: None)
    out = folder / "interface"
    pt.recover(CASES, folder / "plan.yaml", out=out, **SIZES)
    expected = {
        name: content
        for name, content in bytes_of(written).items()
        if not name.endswith((".svg", ".png", "manifest.json"))
    }
    assert without_manifest(out) == expected
    with pytest.raises(pt.InputError) as refused:
        pt.recover(CASES, folder / "plan.yaml", out=out, **SIZES)
    reported = f"{out}: it already holds a study; continue it with"
    assert str(refused.value).startswith(f"out: {reported} `resume`")
    assert run(words(folder, out)) == 2
    assert f"error: --out: {reported} --resume" in capsys.readouterr().err
    again = pt.recover(
        CASES, pt.plan({"treatment": "gonadotropin_therapy", **PLAN}), out=out, resume=True, **SIZES
    )
    assert again.replicates == 40
    assert without_manifest(out) == expected


def test_performance_has_monte_carlo_errors(found):
    table = found.performance
    coverage = table[(table["measure"] == "coverage") & (table["against"] == "PATE")]
    assert len(coverage) == len(found.verdicts) == 8
    assert ((coverage["value"] >= 0) & (coverage["value"] <= 1)).all()
    expected = (coverage["value"] * (1 - coverage["value"]) / coverage["n"]) ** 0.5
    assert coverage["mcse"].to_numpy() == pytest.approx(expected.to_numpy(), abs=0.01)
    assert len(found.truths) == 8
    assert set(found.contrasts["between"]) == {"method", "case"}


def test_unexpected_verdicts_are_those_that_contradict_the_library(found):
    assert found.unexpected.empty  # the user's plan has no expected verdicts
    assert list(found.unexpected.columns) == list(found.verdicts.columns)
    assert set(found.verdicts["expected"]) == {"none"}


def test_figures_are_drawn_by_name(found):
    assert found.figures[:2] == ("lollipops-constant-effect", "zip-constant-effect-own")
    assert found.plot().axes
    assert found.plot("zip-no-effect-own").axes
    with pytest.raises(pt.InputError, match="no figure 'zip'; choose one of: lollipops-"):
        found.plot("zip")


def test_the_representation_is_one_short_line(found):
    shown = "<Recovery: 2 scenarios x 40 replicates, 8 verdicts, 0 unexpected>"
    assert repr(found) == shown
    assert "<table" in found._repr_html_()


def test_a_temporary_folder_is_deleted_with_its_result():
    once = pt.recover("no-effect", {"methods": ["unadjusted"]}, **{**SIZES, "replicates": 10})
    folder = once.store.folder
    assert folder.is_dir()
    del once
    gc.collect()
    assert not folder.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"replicates": 1},
            "replicates: 1 is not allowed; give a whole number from 2 to 100,000,000",
        ),
        ({"replicates": 2.5}, "replicates: 2.5 is not allowed"),
        ({"workers": 0}, "workers: 0 is not allowed"),
        ({"seed": -1}, "seed: -1 is not allowed"),
        ({"mcse": 0.5}, "mcse: 0.5 is not allowed; give a number from 5e-05 to 0.1"),
        ({"truth_patients": 10}, "truth_patients: 10 is not allowed"),
        ({"resume": True}, "resume: there is no folder to continue; name it as out"),
        ({"scenarios": 3}, "scenarios: int is not allowed"),
        ({"scenarios": ["no-such-scenario"]}, "no-such-scenario"),
        ({"plan": {"methods": ["unadjustd"]}}, "did you mean 'unadjusted'"),
        ({"plan": 7}, "plan: int is not a plan"),
        ({"plan": "none.yaml"}, "there is no such file"),
    ],
)
def test_a_faulty_argument_is_refused(arguments, message):
    with pytest.raises(pt.InputError, match=message):
        pt.recover(**{"scenarios": ["no-effect"], "plan": PLAN, **SIZES, **arguments})
