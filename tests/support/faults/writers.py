"""Every writing command, with small inputs."""

import shutil
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from unittest.mock import patch

from pretese.cli import run
from simulate.core.shipped import scenario_path

#: Function from the input folder and the output path to the arguments of a command.
Words = Callable[[Path, Path], list[str]]

PLAN = """
treatment: gonadotropin_therapy
outcome: sperm_retrieved
covariates: {age_years: numeric}
methods: [unadjusted]
missing: none
"""
COLUMNS = """
columns: {age_years: age_years, gonadotropin_therapy: gonadotropin_therapy}
"""
STUDY_PLAN = """
outcome: any_sperm
covariates: {fsh_iu_l: numeric}
methods: [unadjusted]
"""
DESIGN = """
id: plain
title: constant risks
question: Is it found?
participants: 100
risks: {control_percent: 30, treated_percent: 40}
sites: [{name: one, from_month: [0], recruitment_per_year: [120]}]
endpoint: {endpoint_month: 4}
monitoring: {analyses_percent: [50, 100]}
"""
INTERIM = "control_events,control_participants,treated_events,treated_participants\n10,25,15,25\n"
OTHER_INTERIM = INTERIM + "20,50,30,50\n"
LOG = "patient,date,event,drug,amount,unit,value\nP1,2024-01-01,injection,hcg,2000,IU,\n"
OTHER_LOG = LOG + "P1,2024-01-03,injection,hcg,2000,IU,\n"


@dataclass(frozen=True, slots=True)
class Case:
    """A writing command.

    Attributes
    ----------
    name
        The command and the option that names its output, then the distinguishing feature.
    words
        Function from the input folder and the output path to the arguments of the command.
    place
        Name of the output.
    before
        Arguments of the run that makes the earlier result; None: an earlier file is placed there.
    rival
        Arguments of another run with the same output; None: those of ``before``.
    """

    name: str
    words: Words
    place: str
    before: Words | None = None
    rival: Words | None = None


def _simulate(more: str) -> Words:
    return lambda folder, out: [*f"simulate paper --patients 20 {more} --out".split(), str(out)]


def _clinic(more: str) -> Words:
    words = "clinic paper --patients 30 --workers 1"
    return lambda folder, out: [*f"{words} {more} --out".split(), str(out)]


def _analyse(table: str) -> Words:
    return lambda folder, out: [
        "analyse", str(folder / table), "--plan", str(folder / "plan.yaml"), "--out", str(out)
    ]  # fmt: skip


def _fit(table: str) -> Words:
    return lambda folder, out: [
        "fit", str(folder / table), "--mapping", str(folder / "columns.yaml"),
        *["--resamples", "20", "--out"], str(out),
    ]  # fmt: skip


def _reproduce(more: str) -> Words:
    return lambda folder, out: [
        *f"reproduce --replicates 2 --workers 1 {more} --out".split(), str(out)
    ]  # fmt: skip


def _power(more: str) -> Words:
    return lambda folder, out: [
        "power", str(folder / "plain.yaml"), *f"{more} --out".split(), str(out)
    ]  # fmt: skip


def _recover(more: str) -> Words:
    return lambda folder, out: [
        "recover", "no-effect", "--plan", str(folder / "study.yaml"), "--no-figures",
        *f"--workers 1 --truth-patients 2000 {more} --out".split(), str(out),
    ]  # fmt: skip


def _file(command: str, option: str, *inputs: str) -> Words:
    def words(folder: Path, out: Path) -> list[str]:
        first, *rest = command.split()
        given = (name if name.startswith("-") else str(folder / name) for name in inputs)
        return [first, *given, *rest, option, str(out)]

    return words


def _report(study: str) -> Words:
    return lambda folder, out: ["report", str(folder / study), "--out", str(out)]


def report_in_its_study(folder: Path, out: Path) -> list[str]:
    """Return arguments that only write a report into the folder of its study."""
    return ["report", str(out)]


def _calibrate(name: str) -> Words:
    """Return arguments that calibrate a scenario, placed in the folder of its record."""

    def words(folder: Path, out: Path) -> list[str]:
        scenario = out.parent.parent / f"{name}.yaml"
        shutil.copyfile(folder / scenario.name, scenario)
        return ["calibrate", str(scenario)]

    return words


FORMATS = "csv,parquet,sav,dta,xpt,redcap,dataset-json"

FOLDERS = (
    Case("simulate --out", _simulate("--seed 2"), "x", _simulate("--seed 1")),
    Case("simulate --out, every format", _simulate(f"--format {FORMATS}"), "x",
         _simulate("--seed 1")),
    Case("simulate --out, parameter sets", _simulate("--worlds 2"), "x", _simulate("--seed 1")),
    Case("clinic --out", _clinic("--xes --no-figures --replicates 2"), "x",
         _clinic("--no-figures --replicates 2")),
    Case("fit --out", _fit("b.csv"), "x", _fit("a.csv")),
    Case("analyse --out", _analyse("b.csv"), "x", _analyse("a.csv")),
    Case("reproduce --out", _reproduce("--seed 2"), "x", _reproduce("--seed 1")),
    Case("power --out", _power("--replicates 40 --resume"), "x", _power("--replicates 20"),
         _power("--replicates 30 --resume")),
    Case("recover --out", _recover("--replicates 120 --resume"), "x", _recover("--replicates 100"),
         _recover("--replicates 110 --resume")),
    Case("report, in its study", report_in_its_study, "x",
         _power("--replicates 20"), _power("--replicates 30 --resume")),
)  # fmt: skip

FILES = (
    Case("truth --out", _file("truth paper --patients 1000", "--out"), "x.csv",
         rival=_file("truth paper --patients 1100", "--out")),
    Case("analyse --report, Word",
         _file("analyse", "--report", "a.csv", "--plan", "plan.yaml"), "x.docx"),
    Case("analyse --report", _file("analyse", "--report", "a.csv", "--plan", "plan.yaml"), "x.html",
         rival=_file("analyse", "--report", "b.csv", "--plan", "plan.yaml")),
    Case("evidence --plot", _file("evidence before-first-retrieval", "--plot"), "x.svg",
         rival=_file("evidence before-second-retrieval", "--plot")),
    Case("evidence --prior-out", _file("evidence before-first-retrieval", "--prior-out"), "x.yaml",
         rival=_file("evidence before-first-retrieval --prefer unadjusted", "--prior-out")),
    Case("picture --out", _file("picture patient paper", "--out"), "x.png",
         rival=_file("picture patient paper --patient-number 2", "--out")),
    Case("monitor --plot", _file("monitor", "--plot", "plain.yaml", "interim.csv"), "x.svg",
         rival=_file("monitor", "--plot", "plain.yaml", "other-interim.csv")),
    Case("schedule --ics", _file("schedule --start 2024-01-01 --pseudonym 17", "--ics"), "x.ics",
         rival=_file("schedule --start 2024-03-01 --pseudonym 17", "--ics")),
    Case("decide --picture", _file("decide --month 2 --fsh 9 --decision-date 2024-01-01",
         "--picture"), "x.svg",
         rival=_file("decide --month 2 --fsh 20 --decision-date 2024-01-01", "--picture")),
    Case("audit --csv", _file("audit", "--csv", "log.csv"), "x.csv",
         rival=_file("audit", "--csv", "other-log.csv")),
    Case("audit --report", _file("audit", "--report", "log.csv"), "x.html",
         rival=_file("audit", "--report", "other-log.csv")),
    Case("regimen show --out", _file("regimen show fsh-guided --format svg", "--out"), "x.svg",
         rival=_file("regimen show hcg-only --format svg", "--out")),
    Case("design show --out", _file("design show placebo-ufsh", "--out"), "x.md",
         rival=_file("design show re-estimation", "--out")),
    Case("validate --out", _file("validate decisions", "--out"), "x.html",
         rival=_file("validate meta-analysis", "--out")),
    Case("report --out", _report("power"), "x.html", rival=_report("other-power")),
    Case("calibrate", _calibrate("one"), "calibration_records/x.json", rival=_calibrate("other")),
)  # fmt: skip

ALL = (*FOLDERS, *FILES)

#: Patched refinements with which `calibrate` is quick and meets its single target.
_REFINEMENTS, _QUICK = "pretese.article.calibration.solve.REFINEMENTS", {200: 6}

#: Command that runs the arguments after it in a separate process.
PROGRAM = f"""
import sys
from contextlib import nullcontext
from unittest.mock import patch
from pretese.cli import main
with patch({_REFINEMENTS!r}, {_QUICK}) if sys.argv[1] == "calibrate" else nullcontext():
    main()
"""


def inputs(folder: Path) -> Path:
    """Write what the commands read into a folder."""
    for name, text in {
        "plan.yaml": PLAN, "columns.yaml": COLUMNS, "study.yaml": STUDY_PLAN, "plain.yaml": DESIGN,
        "interim.csv": INTERIM, "log.csv": LOG, "other-interim.csv": OTHER_INTERIM,
        "other-log.csv": OTHER_LOG,
    }.items():  # fmt: skip
        (folder / name).write_text(text, encoding="utf-8")
    for seed, name in enumerate("ab"):
        table = folder / f"cohort-{name}"
        run_well(
            ["simulate", "paper", "--patients", "200", "--seed", str(seed), "--out", str(table)]
        )
        shutil.copyfile(table / "patients.csv", folder / f"{name}.csv")
    scenario = scenario_path("literature-null").read_text(encoding="utf-8")
    for name, risk_ratio in {"one": "1.10", "other": "1.12"}.items():
        text = scenario.replace("id: literature-null", "id: x").replace("1.10", risk_ratio)
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    run_well(_power("--replicates 20")(folder, folder / "power"))
    run_well(_power("--replicates 30")(folder, folder / "other-power"))
    return folder


def run_well(words: list[str]) -> str:
    """Run a command that should succeed (or whose check should fail); return what it printed."""
    code, message = run_words(words)
    assert code in (0, 3), message
    return message


def run_words(words: list[str]) -> tuple[int, str]:
    """Run a command in this process; return its exit code and what it printed on standard error."""
    message = StringIO()
    with patch(_REFINEMENTS, _QUICK), redirect_stdout(StringIO()), redirect_stderr(message):
        return run(words), message.getvalue()
