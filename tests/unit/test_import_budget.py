"""Large libraries that each command may load: none for help or a recommendation."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pretese.cli import COMMANDS

ROOT = Path(__file__).parents[2]

#: Libraries that take a tenth of a second or more to load.
HEAVY = ("matplotlib", "numpy", "pandas", "pyarrow", "scipy.stats", "statsmodels")

#: Calls that need none of them.
LIGHT = [
    *([name, "--help"] for name in COMMANDS),
    ["--help"],
    [
        "decide",
        "--month",
        "2",
        "--previous-phase",
        "hcg",
        "--fsh",
        "9.8",
        "--decision-date",
        "2026-01-05",
    ],
    ["decide", "--month", "2", "--fsh", "9.8", "--json"],
    ["schedule", "--start", "2026-01-05"],
    ["schedule", "--start", "2026-01-05", "--pseudonym", "17", "--ics", "{folder}/plan.ics"],
    ["regimen", "list"],
    ["regimen", "show", "fsh-guided", "--format", "svg"],
    ["regimen", "verify", "fsh-guided"],
    ["regimen", "test", "hcg-only"],
    ["audit", "{folder}/log.csv"],
    ["audit", "{folder}/log.csv", "--csv", "{folder}/deviations.csv", "--json"],
]

#: Libraries that read, validate and show files; neither help nor a recommendation from a shipped
#: regimen needs any of them.
FOR_FILES = (
    "pydantic", "yaml", "rich", "decimal", "tempfile", "importlib.resources",
    "importlib.metadata", "email",
)  # fmt: skip

#: Runs command lines one after another, and prints what is loaded after each.
RUN = """
import contextlib, io, json, sys
from pretese.cli import run
calls, heavy = json.loads(sys.argv[1]), json.loads(sys.argv[2])
found = []
for words in calls:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        code = run(words)
    found.append([code, [name for name in heavy if name in sys.modules]])
print(json.dumps(found))
"""

#: Uses the protocol family of the interface, and prints what is loaded and changed.
ASK = """
import json, os, sys
before = dict(os.environ)
import pretese
dir(pretese)
guided = pretese.regimen("fsh-guided", fsh_high=12)
answers = [guided, guided.decide(month=2, fsh=9.8), guided.schedule("2026-01-05"), guided.verify(),
           guided.test(), pretese.audit(sys.argv[2]), pretese.shipped()]
for answer in answers:
    repr(answer), str(answer), answer.to_json()
answers[2].to_ics(pseudonym="17")
answers[5].to_csv()
pretese.InputError
light = [name for name in json.loads(sys.argv[1]) if name in sys.modules]
answers[1].to_frame()
print(json.dumps([light, "pandas" in sys.modules, dict(os.environ) == before]))
"""


def printed(script: str, *words: str):
    """Return the JSON that a script prints in a separate process."""
    done = subprocess.run(
        [sys.executable, "-c", script, *words], capture_output=True, text=True, cwd=ROOT, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def folder(tmp_path):
    log = "patient,date,event,drug,amount,unit\na,2022-03-01,injection,hcg,2000,IU\n"
    (tmp_path / "log.csv").write_text(log)
    return tmp_path


def test_light_commands_load_no_large_library(folder):
    calls = [[word.format(folder=folder) for word in words] for words in LIGHT]
    found = printed(RUN, json.dumps(calls), json.dumps(HEAVY))
    assert {tuple(words): each for words, each in zip(calls, found, strict=True)} == {
        tuple(words): [0, []] for words in calls
    }


def test_help_and_a_recommendation_load_no_library_for_files():
    decide = ["decide", "--month", "2", "--fsh", "9.8", "--finding", "testosterone=40 nmol/L"]
    calls = [["--help"], *([name, "--help"] for name in COMMANDS), decide]
    found = printed(RUN, json.dumps(calls), json.dumps(FOR_FILES))
    assert dict(zip(map(tuple, calls), found, strict=True)) == {
        tuple(words): [0, []] for words in calls
    }


def test_the_interface_loads_no_large_library_before_a_table_is_asked_for(folder):
    loaded, pandas, unchanged = printed(ASK, json.dumps(HEAVY), str(folder / "log.csv"))
    assert loaded == []
    assert pandas
    assert unchanged


def test_the_list_of_commands_reads_no_version():
    """Reading the version would take a third of the time of the list."""
    found = printed(RUN, json.dumps([["--help"], ["--version"]]), '["importlib.metadata"]')
    assert found == [[0, []], [0, ["importlib.metadata"]]]


#: Arguments of `pretese analyse` in these tests.
PLAN = """\
treatment: arm
outcome: won
covariates: {age: numeric}
methods: [unadjusted, adjusted, iptw-ate]
"""


def test_boundaries_an_analysis_and_a_cohort_load_what_they_need(tmp_path):
    rows = [f"{i % 2},{(i * 7) % 5 > 2:d},{30 + i % 13}" for i in range(80)]
    (tmp_path / "patients.csv").write_text("\n".join(["arm,won,age", *rows]) + "\n")
    (tmp_path / "plan.yaml").write_text(PLAN)
    analysis = ["analyse", f"{tmp_path}/patients.csv", "--plan", f"{tmp_path}/plan.yaml"]
    cohort = ["simulate", "paper", "--patients", "12", "--out", f"{tmp_path}/cohort"]
    boundaries = ["boundaries", "--spending", "OF", "--analyses", "0.5,0.75,1"]
    files = ["pandas", "pydantic", "yaml", "rich"]
    for call, unneeded in (
        (boundaries, ["scipy.optimize", "scipy.interpolate", "matplotlib", *files]),
        (
            analysis,
            [
                "scipy.stats",
                "scipy.optimize",
                "matplotlib",
                "pyarrow.parquet",
                "jinja2",
                "statsmodels",
            ],
        ),
        (cohort, ["scipy.stats", "scipy.optimize", "matplotlib", "pyarrow.parquet", "jinja2"]),
    ):
        assert printed(RUN, json.dumps([call]), json.dumps(unneeded)) == [[0, []]]
