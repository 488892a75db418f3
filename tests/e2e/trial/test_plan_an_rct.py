"""The commands of the tutorial run unchanged, and the reference page lists every field."""

import re
import shlex
from pathlib import Path

import pandas as pd
import pytest

from pretese.cli import run
from pretese.trial.design.arms import Arms, ByArm, Randomisation, Recruiting, Risks
from pretese.trial.design.decision_rule import DecisionRule
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.endpoint import Endpoint, EndpointAnalysis, Secondary
from pretese.trial.design.interim import Monitoring, Reestimation
from pretese.trial.design.multiplicity import Multiplicity

DOCS = Path(__file__).parents[3] / "docs"
TUTORIAL = (DOCS / "tutorials" / "plan-an-rct.md").read_text()
REFERENCE = (DOCS / "reference" / "design-file.md").read_text()


def test_the_tutorial_runs_unchanged(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (design,) = re.findall(r"```yaml\n(.*?)```", TUTORIAL, re.DOTALL)
    Path("first.yaml").write_text(design)
    commands = [
        line
        for block in re.findall(r"```console\n(.*?)```", TUTORIAL, re.DOTALL)
        for line in block.splitlines()
    ]
    assert len(commands) == 12
    pages = []
    for line in commands:
        words = shlex.split(line.replace("--replicates 20000", "--replicates 1000"))
        assert words[0] == "pretese"
        assert run(words[1:]) == 0, line
        pages.append(capsys.readouterr().out)
    assert "exact probability of rejection" in pages[0]
    assert "Required sample size" in " ".join(pages[1].split())
    assert pages[2].count("Assurance over the prior") == 2
    assert "Designs on the same participants" in pages[3]
    assert "Analyses, 600 participants" in pages[4]
    assert "No exact power: the analysis is adjusted" in pages[5]
    assert "Sample size re-estimated at analysis 1 (inverse normal)" in pages[6]
    assert "principal stratum" in " ".join(pages[7].split())
    doubts = " ".join(pages[8].split())
    assert "Worst case: lowest power" in doubts
    assert "One assumption at a time, 232 participants" in doubts
    assert {"report.html", "results", "study.json"} <= {p.name for p in Path("study").iterdir()}
    trials = pd.read_parquet("study/results/three-analyses.parquet")
    assert len(trials) == 2 * 160


@pytest.mark.parametrize(
    "model",
    [
        DesignFile, Randomisation, Recruiting, Endpoint, EndpointAnalysis, Monitoring,
        Reestimation, ByArm, Risks, Arms, Secondary, Multiplicity, DecisionRule,
    ],
)  # fmt: skip
def test_the_reference_names_every_field(model):
    for name in model.model_fields:
        assert f"`{name}`" in REFERENCE, name
