"""Studies simulated from a scenario, as observed, with their true effects."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import ArrayLike, NDArray

from estimate.comparison.contingency import unadjusted
from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Bools, Floats
from estimate.core.columns import Categorical, Kind, Numeric
from estimate.core.complete_cases import analysis_set
from estimate.core.result import Estimate
from estimate.regression.adjustment import adjusted
from simulate.cohort.draw import Cohort, draw_cohort
from simulate.core.coding import BASELINE, DIAGNOSES
from simulate.scenario.load import load_scenario
from simulate.truth import sample_effects

#: All covariates measured before therapy.
EVERYTHING: Mapping[str, Kind] = {
    "diagnosis": Categorical(DIAGNOSES),
    **{name: Numeric() for name in BASELINE},
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """Studies of one scenario; arrays are (study, patient)."""

    cohort: Cohort

    @classmethod
    def of(cls, scenario: str, replicates: int, seed: int) -> "Drawn":
        """Simulate studies of a shipped scenario."""
        return cls(draw_cohort(load_scenario(scenario), seed, replicates))

    @property
    def gonadotropin_therapy(self) -> Bools:
        """Patients who chose gonadotropins."""
        return self.cohort.gonadotropin_therapy

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """Baseline values without missing ones."""
        return {
            "diagnosis": self.cohort.patients.diagnosis.astype(int),
            **dict(self.cohort.patients.baseline),
        }

    def data(
        self,
        outcome: str = "any_sperm",
        covariates: Mapping[str, Kind] | None = None,
        *,
        include: ArrayLike | None = None,
        columns: Mapping[str, NDArray[Any]] | None = None,
    ) -> AnalysisSet:
        """Return the studies as an analysis set; without covariates unless they are named."""
        table = {
            **(self.columns if columns is None else columns),
            "gonadotropin_therapy": self.gonadotropin_therapy,
            outcome: self.cohort.observed(outcome),
        }
        return analysis_set(
            table,
            treatment="gonadotropin_therapy",
            outcome=outcome,
            covariates={} if covariates is None else covariates,
            include=include,
        )

    def operated(self, covariates: Mapping[str, Kind] | None = None) -> AnalysisSet:
        """Return retrieval in the patients operated on."""
        return self.data("sperm_retrieved", covariates, include=self.cohort.observed("micro_tese"))

    def truth(self, key: str = "any_sperm.everyone") -> Floats:
        """Return the true odds ratio of each study, from both potential outcomes."""
        return sample_effects(self.cohort)[key].odds_ratio


def unadjusted_odds_ratio(data: AnalysisSet) -> Estimate:
    """Return the unadjusted odds ratio."""
    return unadjusted(data)[2]


def given_all(data: AnalysisSet) -> Estimate:
    """Return the odds ratio adjusted for every covariate of the set."""
    return adjusted(data)
