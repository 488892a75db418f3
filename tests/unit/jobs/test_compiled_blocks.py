"""Blocks by compiled kernels equal those by numpy; kernels are used only for large work."""

import pytest

from estimate.compiled.switch import uses_kernels
from pretese.jobs import execute
from pretese.jobs.execute import compute, compute_all
from pretese.jobs.storage.blocks import Block, Job
from pretese.jobs.storage.code_hash import code_version
from pretese.recovery.design.library import choose_study
from pretese.recovery.run_recovery import prepare_recovery
from pretese.trial.conduct.participants import scenario_of
from pretese.trial.design.design_reader import design_path, read_design
from pretese.trial.power.runner import trial_job


def trials():
    design = read_design(design_path("minimisation-eight-sites"))[0]
    points = [(80, 0.0), (80, 1.0)]
    return trial_job(design, scenario_of(design), points, seed=1, patient_level=True)


def recovery():
    study = prepare_recovery(choose_study(("no-effect",), None, None, 2000))
    return next(iter(study.estimates.values()))


@pytest.mark.parametrize("make", [trials, recovery])
def test_compiled_kernels_give_the_same_block(make):
    made = make()
    codes = {made.kind: code_version(made.kind)}
    plain, compiled = (compute(codes, wish, Block(made, 0, 12)) for wish in (False, True))
    assert plain.equals(compiled)
    assert made.patients >= 160


def test_only_large_work_requests_compiled_kernels(monkeypatch):
    asked = []
    monkeypatch.setattr(execute, "compute", lambda codes, wish, block: asked.append(wish))
    assert not uses_kernels()
    for patients in (0, 1000):
        job = Job("nothing", lambda first, size: None, {}, 1000, patients=patients)
        list(compute_all(job.blocks(2000), None))
    assert asked == [False, False, True, True]
