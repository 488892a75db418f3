"""Eligible patients with their potential outcomes in either arm."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pretese.trial.design.arms import Risks
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.endpoint import Endpoint
from protocol.errors import InputError
from simulate.cohort.birth_times import birth_times_of
from simulate.cohort.draw import Cohort, Path, draw_cohort
from simulate.cohort.spermatogenesis import see_sperm
from simulate.core.random_streams import RandomStreams
from simulate.endpoints import potential_outcomes
from simulate.scenario import Arm, Scenario
from simulate.scenario.load import load_scenario

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Potential:
    """Potential outcomes of one endpoint, shape (replicate, participant): control, treated.

    Attributes
    ----------
    success
        Whether the endpoint would be met.
    counted
        Whether the participant would belong to the population of the endpoint (all participants,
        except those who need no operation).
    at_null
        Whether the endpoint would be met under treatment if its effect were at the limit of the
        null hypothesis; None: as under control.
    days
        Of a time to an event: the day of the event, or of the end of follow-up without one; None
        for others.
    """

    success: tuple[Flags, Flags]
    counted: tuple[Flags, Flags]
    at_null: Flags | None = None
    days: tuple[Codes, Codes] | None = None


@dataclass(frozen=True, slots=True)
class EligiblePatients:
    """Eligible patients in order of arrival, shape (replicate, participant).

    Attributes
    ----------
    endpoints
        Potential outcomes, for the primary endpoint and each secondary one.
    diagnosis
        Code along `simulate.core.coding.DIAGNOSES`.
    baseline
        Recorded baseline values, NaN where missing.
    """

    endpoints: tuple[Potential, ...]
    diagnosis: Codes
    baseline: dict[str, Floats]

    @property
    def success(self) -> tuple[Flags, Flags]:
        """Whether the primary endpoint would be met under control and under treatment."""
        return self.endpoints[0].success


def scenario_of(design: DesignFile, overrides: dict[str, float] | None = None) -> Scenario | None:
    """Return the scenario of a design with the regimens of its arms; None for fixed event rates."""
    if design.scenario is None:
        return None
    scenario = load_scenario(design.scenario, overrides)
    if design.arms is None:
        return scenario
    names = {"untreated": design.arms.control, "treated": design.arms.treated}
    arms = {
        name: Arm(regimen=arm.regimen, semen_analysis=arm.semen_analysis)
        for name, arm in names.items()
    }
    return scenario.model_copy(update={"arms": arms})


def draw_eligible(
    design: DesignFile, scenario: Scenario | None, streams: RandomStreams, shift: Floats | None
) -> EligiblePatients:
    """Simulate the eligible patients of every trial.

    Parameters
    ----------
    shift
        (replicate, participant) log odds that a participant's site and time of recruitment add to
        the probability of finding sperm in either arm; None: 0.
    """
    if design.risks is not None:
        return _plain(design, design.risks, streams)
    if scenario is None:
        raise InputError.of(design.id, "scenario", "it is missing", "name a scenario")
    cohort = draw_cohort(
        scenario, streams.seed, streams.replicates, streams.first, streams.patients
    )
    if shift is not None:
        cohort = replace(cohort, paths=_shifted(cohort, shift))
    endpoints = tuple(_potential(each.endpoint, cohort) for each in design.questions)
    return EligiblePatients(endpoints, cohort.patients.diagnosis.astype(np.int64), cohort.baseline)


def _potential(endpoint: Endpoint, cohort: Cohort) -> Potential:
    if endpoint.is_time:
        return _times(endpoint, cohort)
    success = potential_outcomes(cohort, endpoint.variable)
    if endpoint.sperm_in_ejaculate in ("excluded", "principal stratum"):
        control, treated = cohort.paths
        return Potential(success, (control.micro_tese, treated.micro_tese))
    everyone = np.ones(cohort.gonadotropin_therapy.shape, bool)
    return Potential(success, (everyone, everyone))


def _times(endpoint: Endpoint, cohort: Cohort) -> Potential:
    """Return times to a birth within the follow-up.

    Couples who stop without a birth are followed up to the end of it, or censored when they stop.
    """
    horizon, everyone = endpoint.horizon_days, np.ones(cohort.gonadotropin_therapy.shape, bool)
    success, days = [], []
    for found in birth_times_of(cohort):
        born = found.born & (found.day <= horizon)
        stopped = found.day if endpoint.censors_stopped else horizon
        success.append(born)
        days.append(np.minimum(np.where(born | found.born, found.day, stopped), horizon))
    return Potential((success[0], success[1]), (everyone, everyone), days=(days[0], days[1]))


def _plain(design: DesignFile, risks: Risks, streams: RandomStreams) -> EligiblePatients:
    drawn = streams.uniform("plain outcome")
    at_null = drawn < design.null_risks_percent[0] / 100 if design.analysis.margin_percent else None
    success = (drawn < risks.control_percent / 100, drawn < risks.treated_percent / 100)
    everyone = np.ones(drawn.shape, bool)
    endpoint = Potential(success, (everyone, everyone), at_null)
    return EligiblePatients((endpoint,), np.zeros(drawn.shape, np.int64), {})


def _shifted(cohort: Cohort, shift: Floats) -> tuple[Path, Path]:
    """Return the potential courses again where site or calendar time changes the liability."""
    model = cohort.scenario.spermatogenesis
    spontaneous = cohort.streams.uniform("spontaneous sperm")
    sensitivity = model.semen_analysis_sensitivity.value
    overlooked = (
        cohort.streams.uniform("semen analysis") >= sensitivity if sensitivity < 1 else None
    )
    arms = cohort.scenario.arms
    paths = []
    for name, path in zip(("untreated", "treated"), cohort.paths, strict=True):
        sperm = see_sperm(
            model, cohort.scenario.physiology, cohort.patients,
            cohort.spermatogenic_liability + shift, path.course, cohort.traits, spontaneous,
            overlooked,
        )  # fmt: skip
        seen = sperm.in_ejaculate if arms[name].semen_analysis else np.zeros_like(path.any_sperm)
        paths.append(
            replace(
                path,
                sperm_in_ejaculate=seen,
                micro_tese=~seen,
                sperm_retrieved=sperm.retrievable & ~seen,
                any_sperm=seen | sperm.retrievable,
            )
        )
    return paths[0], paths[1]
