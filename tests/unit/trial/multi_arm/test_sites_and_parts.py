"""Several arms: site effects and calendar trend, parts of a study, the file of replicates."""

import numpy as np
import pandas as pd
import pytest
import yaml

import pretese
from pretese.api.trials.power_parts import power_part
from pretese.trial.conduct.participants import scenario_of
from pretese.trial.conduct.trial_conduct import draw_trials
from pretese.trial.multi_arm import simulate_arms as simulation
from pretese.trial.multi_arm.design.design_file import parse_multi_arm
from pretese.trial.multi_arm.patient_draws import draw_patients
from pretese.trial.multi_arm.results import study
from protocol.errors import InputError


def assumed(value):
    return {
        "value": value,
        "unit": "log odds",
        "status": "assumed",
        "source": "none",
        "sweep": [0, 2],
    }


FIELDS = {
    "id": "sites",
    "title": "Sites",
    "question": "Do sites differ?",
    "participants": 60,
    "scenario": "rct-two-arm",
    "arms": {
        "none": {"regimen": "no-therapy"},
        "hcg": {"regimen": "hcg-only"},
        "guided": {"regimen": "fsh-guided"},
    },
    "sites": [
        {"name": name, "from_month": [0], "recruitment_per_year": [40]} for name in ("one", "two")
    ],
    "endpoint": {"variable": "any_sperm", "endpoint_month": 4},
    "monitoring": {"alpha_percent": 2.5, "sides": 1},
}


def read(**changes):
    return parse_multi_arm(yaml.safe_dump({**FIELDS, **changes}, sort_keys=False), "file.yaml")


@pytest.mark.parametrize("field", ["site_sd", "calendar_trend"])
def test_patients_are_those_of_two_arms_with_the_same_sites_and_trend(field):
    design = read(**{field: assumed(1.5)})
    drawn = draw_patients(design, None, 60, 3, 0, 20)
    for k, arm in enumerate(design.treatments, start=1):
        pair = design.pair(arm)
        control, treated = draw_trials(pair, scenario_of(pair), 3, 60, 20).eligible.success
        assert np.array_equal(drawn.success[0][0], control)
        assert np.array_equal(drawn.success[0][k], treated)
    plain = draw_patients(read(), None, 60, 3, 0, 20)
    assert (plain.success[0] != drawn.success[0]).any()
    assert np.array_equal(plain.month, drawn.month)


def test_fixed_event_rates_have_no_site_effects():
    fields = {name: value for name, value in FIELDS.items() if name not in ("scenario", "arms")}
    fields["risks_percent"] = {"none": 30, "hcg": 40, "guided": 50}
    with pytest.raises(InputError, match="name a scenario"):
        parse_multi_arm(yaml.safe_dump({**fields, "site_sd": assumed(0.5)}), "file.yaml")


def test_parts_join_to_the_study_computed_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(simulation, "at_once", lambda *_: 10)
    monkeypatch.setattr(study, "save", lambda *_: None)  # figures are slow and not tested here
    trial, asked = pretese.design(FIELDS), {"replicates": 40, "seed": 2, "progress": False}
    for part in ("1/2", "2/2"):
        done = power_part([trial], part, out=tmp_path / "parts", **asked)
        assert done.blocks == 2
    joined = trial.power(out=tmp_path / "parts", resume=True, **asked)
    whole = trial.power(out=tmp_path / "whole", **asked)
    assert joined.to_dict() == whole.to_dict()
    found = [tmp_path / name / "results" / "sites.parquet" for name in ("parts", "whole")]
    assert found[0].read_bytes() == found[1].read_bytes()
    table = pd.read_parquet(found[0])
    assert len(table) == 40 * 4  # as planned, none works, and each alone
    planned = table[table["configuration"] == "as planned"]
    shown = whole.to_frame().query("configuration == 'as planned'")
    rates = [planned[f"rejected_{k}"].mean() for k in (1, 2)]
    assert rates == pytest.approx(shown["any_sperm"].tolist())
    with pytest.raises(InputError, match="depends on earlier results"):
        power_part([trial], "1/2", out=tmp_path / "other", target_power=0.8, **asked)
