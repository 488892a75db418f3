"""A batch of simulated studies as observed by the paper's authors."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pretese.article.simulated.quartiles import quartiles
from simulate.cohort.births import Births, births_of
from simulate.cohort.draw import Cohort
from simulate.core.coding import ARMS, DIAGNOSES
from simulate.hormones.serum import testosterone_ratio

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

GROUPS = ("overall", "untreated", "treated")


class Studies:
    """Statistics of each replicate of a cohort; arrays of shape (replicate,).

    The paper's Table 1 describes patients who had micro-TESE: ``operated``.
    """

    def __init__(self, cohort: Cohort) -> None:
        self.cohort = cohort
        self.gonadotropin_therapy = cohort.gonadotropin_therapy
        self.operated: Flags = cohort.observed("micro_tese")
        self.in_ejaculate: Flags = cohort.observed("sperm_in_ejaculate")
        self.retrieved: Flags = cohort.observed("sperm_retrieved")
        self.any_sperm: Flags = cohort.observed("any_sperm")

    @cached_property
    def births(self) -> tuple[Births, Births]:
        """Outcomes of every couple in both arms."""
        return births_of(self.cohort)

    @cached_property
    def testosterone_after(self) -> Floats:
        """True testosterone of every patient after the treated course, in nmol/L."""
        cohort = self.cohort
        course = cohort.paths[ARMS.index("treated")].course
        before = cohort.patients.baseline["testosterone_nmol_l"]
        ratio = testosterone_ratio(
            cohort.scenario.physiology, before, cohort.traits, course.leydig_activity[-1]
        )
        return before * ratio

    @cached_property
    def icsi(self) -> Flags:
        """Couples of operated patients who reached ICSI with testicular sperm."""
        untreated, treated = (each.icsi for each in self.births)
        return self.cohort.in_chosen_arm(untreated, treated) & self.retrieved

    @cached_property
    def delivered(self) -> Flags:
        """Couples with a live birth after ICSI with testicular sperm."""
        untreated, treated = (each.delivered for each in self.births)
        return self.cohort.in_chosen_arm(untreated, treated) & self.icsi

    def group(self, name: str) -> Flags:
        """Return the operated patients of a column of Table 1."""
        if name == "overall":
            return self.operated
        return self.operated & (
            self.gonadotropin_therapy if name == "treated" else ~self.gonadotropin_therapy
        )

    def diagnosed(self, diagnosis: str) -> Flags:
        """Return the patients with a diagnosis."""
        flags: Flags = self.cohort.patients.diagnosis == DIAGNOSES.index(diagnosis)
        return flags

    def quartiles(self, variable: str, group: str, *, exact: bool = False) -> Floats:
        """Return the quartiles of a baseline variable in a column of Table 1, shape (3, R).

        ``exact`` uses the values before rounding and deletion.
        """
        key = variable, group, exact
        if key not in self._quartiles:
            held = self.cohort.patients.baseline if exact else self.cohort.baseline
            self._quartiles[key] = quartiles(held[variable], self.group(group))
        return self._quartiles[key]

    @cached_property
    def _quartiles(self) -> dict[tuple[str, str, bool], Floats]:
        return {}
