"""Results of a plan in one table, and their JSON form."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from estimate.causal.balance import Balance
from estimate.causal.hidden_bias.evalue import E_VALUE_SCALES, e_value
from estimate.causal.propensity import Discrimination, PropensityScore
from estimate.comparison.contingency import TwoByTwo
from estimate.core.arrays import Bools, Floats
from estimate.core.result import Estimate, plain
from estimate.imputation.chain import Imputation
from estimate.imputation.complete_data import CompleteData
from estimate.imputation.convergence import convergence
from estimate.longitudinal.strategies import StrategyFindings
from estimate.methods.registry import METHODS
from estimate.plan.changes import Change
from estimate.plan.explore import Division, Shape, with_multiplicity
from estimate.plan.live_birth import CumulativeLiveBirth
from estimate.plan.pathways import Pathway
from estimate.plan.spec import Plan
from estimate.prediction.planned_models import ValidatedModel

#: Standard deviation in the denominator of a standardised difference, by target population.
DENOMINATORS = {
    "att": "SD of the treated", "atc": "SD of the untreated",
    **dict.fromkeys(("ate", "ato", "atm", "focal"), "pooled SD of both arms"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Analysis:
    """Results of a plan in one table.

    Attributes
    ----------
    estimates
        In the order of the plan, each of one study (pooled, if data were imputed).
    table
        Patients analysed, by treatment and outcome; leading shape () or (imputation,).
    complete
        The data used for estimation.
    score, discrimination
        Propensity score, with leading shape () or (imputation,), and its C-statistic; None if no
        method needs one.
    balances
        "unadjusted", and each weighting or matching method, to the balance it reached.
    effective_sizes
        Weighting method to effective numbers of treated and untreated patients.
    divisions, shapes, pathways, live_births, changes
        Results of the further analyses of the plan.
    strategies
        Dynamic treatment strategies compared; None if none are planned.
    predictions
        Prediction models validated.
    information
        Method, scale and fraction of missing information of every pooled estimate.
    remarks
        Reasons for missing estimates, if known.
    cautions
        Cautions for the interpretation of the results.
    """

    plan: Plan
    estimates: tuple[Estimate, ...]
    table: TwoByTwo
    complete: CompleteData
    score: PropensityScore | None
    discrimination: Discrimination | None
    balances: Mapping[str, Balance]
    effective_sizes: Mapping[str, tuple[float, float]]
    divisions: tuple[Division, ...] = ()
    shapes: tuple[Shape, ...] = ()
    pathways: tuple[Pathway, ...] = ()
    live_births: tuple[CumulativeLiveBirth, ...] = ()
    changes: tuple[Change, ...] = ()
    strategies: StrategyFindings | None = None
    predictions: tuple[ValidatedModel, ...] = ()
    information: tuple[tuple[str, str, float], ...] = ()
    remarks: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()

    def record(self) -> dict[str, Any]:
        """Return the analysis as plain values for JSON."""
        c = self.discrimination
        return {
            "estimates": [record for each in self.estimates for record in each.records()],
            "arms": self._arms(),
            "c_statistic": plain(np.mean(c.c_statistic)) if c else None,
            "balance": {name: _mean_rows(each) for name, each in self.balances.items()},
            "balance_denominators": {
                name: DENOMINATORS[METHODS[name].target if name in METHODS else "ate"]
                for name in self.balances
            },
            "effective_sample_size": {
                name: {"treated": plain(sizes[0]), "untreated": plain(sizes[1])}
                for name, sizes in self.effective_sizes.items()
            },
            "e_values": [_e_value(each) for each in self.estimates if each.scale in E_VALUE_SCALES],
            "subgroups": with_multiplicity(list(self.divisions)),
            "splines": [shape.record() for shape in self.shapes],
            "mediation": [each.record() for each in self.pathways],
            "live_birth": [each.record() for each in self.live_births],
            "changes": [each.record() for each in self.changes],
            "strategies": None if self.strategies is None else self.strategies.record(),
            "predictions": [each.record() for each in self.predictions],
            "missing": self._missing(),
            "remarks": list(self.remarks),
            "cautions": list(self.cautions),
        }

    def _arms(self) -> dict[str, Any]:
        """Return the description of each arm: treated and untreated, or every arm by its name."""
        levels = self.complete.data.levels
        if levels:
            return {name: self._one_of_several(arm) for arm, name in enumerate(levels)}
        return {"treated": self._arm(1), "untreated": self._arm(0)}

    def _arm(self, treated: int) -> dict[str, Any]:
        """Return the description of an arm: events and risk, or moments of another outcome."""
        data = self.complete.data
        if data.outcome_kind in ("binary", "time"):
            return _arm(self.table, treated)
        return self._moments(data.include & ((data.treatment > 0) == bool(treated)))

    def _one_of_several(self, arm: int) -> dict[str, Any]:
        data = self.complete.data
        here = data.include & (data.treatment == arm)
        if data.outcome_kind != "binary":
            return self._moments(here)
        patients = float(np.mean(here.sum(-1)))
        yes = float(np.mean(np.where(here, data.outcome, 0.0).sum(-1)))
        return {
            "patients": round(patients), "with_outcome": round(yes), "risk": plain(yes / patients),
        }  # fmt: skip

    def _moments(self, here: Bools) -> dict[str, Any]:
        data = self.complete.data
        values = data.outcome[here]
        known = {"patients": round(float(np.mean(here.sum(-1)))), "mean": plain(values.mean())}
        return known | {"sd": plain(values.std(ddof=1)), "median": plain(np.median(values))}

    def _missing(self) -> dict[str, Any]:
        done = self.complete.imputation
        data = self.complete.data
        return {
            "method": self.plan.missing.method,
            "imputations": self.plan.missing.imputations if done else 0,
            "assessed": int(data.include.shape[-1]),
            "analysed": round(float(np.mean(data.n))),
            "excluded": {why: int(np.max(out)) for why, out in data.reasons.items()},
            "values_missing": dict(self.complete.missing),
            "chains": _chains(done),
            "information": [
                {"method": method, "scale": scale, "fraction_missing": plain(fraction)}
                for method, scale, fraction in self.information
            ],
        }


def _chains(done: Imputation | None) -> list[dict[str, Any]]:
    """Return R-hat of each imputed column; 1 means perfect mixing."""
    if done is None:
        return []
    found = convergence(done)
    return [
        {"covariate": name, "r_hat_of_means": plain(mean), "r_hat_of_sds": plain(sd)}
        for name, mean, sd in zip(found.columns, found.of_means, found.of_sds, strict=True)
    ]


def _arm(table: TwoByTwo, treated: int) -> dict[str, Any]:
    """Return counts of one arm; means over imputations if trimming makes them differ."""
    yes = table.treated_yes if treated else table.untreated_yes
    patients = table.treated if treated else table.untreated
    risk = table.risk_treated if treated else table.risk_untreated
    return {
        "patients": round(float(np.mean(patients))),
        "with_outcome": round(float(np.mean(yes))),
        "risk": plain(np.mean(risk)),
    }


def _mean_rows(found: Balance) -> list[dict[str, Any]]:
    """Return balance per column, averaged over imputations where there are any."""

    def average(values: Floats) -> Floats:
        mean: Floats = values.reshape(-1, values.shape[-1]).mean(0)
        return mean

    return Balance(
        found.names,
        average(found.difference),
        average(found.variance_ratio),
        average(found.distance),
    ).records()


def _e_value(each: Estimate) -> dict[str, Any]:
    strength = e_value(each)
    return {
        "method": each.method,
        "scale": each.scale,
        "point": plain(strength.point),
        "limit": plain(strength.limit),
    }
