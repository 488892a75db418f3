"""The computations of a study as independent tasks for any process on any machine."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from estimate.core.result import RATIOS, Estimate
from estimate.imputation.rubins_rules import pool_estimates
from estimate.methods.registry import METHODS
from pretese.io.text.rounding_rule import rounded_columns
from pretese.recovery.design.study_spec import StudyPlan
from pretese.recovery.work.known_effects import known_effects, truth_name
from pretese.recovery.work.methods import carry_out, work_of
from pretese.recovery.work.strategy_effects import strategy_effects
from pretese.recovery.work.subgroup_effects import divided
from simulate.cohort.draw import Cohort, draw_cohort
from simulate.scenario import Scenario

Floats = NDArray[np.float64]

#: Replicates worked on together: arrays of 50 x 569 patients stay in the cache of one core, and the
#: cost of calling numpy is shared. Results do not depend on it.
TOGETHER = 50

#: Replicates imputed together; every one of them becomes many data sets.
TOGETHER_IMPUTED = 5

#: Patients per draw of the true population effects.
TRUTH_PATIENTS = 20_000

#: Base seed of the true effects, different from that of any replicate.
TRUTH_SEED = 907_211_953

_WORD = pa.dictionary(pa.int16(), pa.string())

#: One row per replicate, plan, method and scale. Ratios and their limits are on the ratio scale,
#: standard errors on the log scale; ``sate`` is the true effect in the patients of the replicate.
ESTIMATES = pa.schema(
    [
        ("replicate", pa.int64()),
        ("plan", _WORD),
        ("method", _WORD),
        ("scale", _WORD),
        ("estimate", pa.float64()),
        ("std_error", pa.float64()),
        ("conf_low", pa.float64()),
        ("conf_high", pa.float64()),
        ("p_value", pa.float64()),
        ("n", pa.int32()),
        ("sate", pa.float64()),
    ]
)

#: One row per draw, plan and true effect; ratios as logarithms.
TRUTHS = pa.schema(
    [
        ("draw", pa.int64()),
        ("plan", _WORD),
        ("target", _WORD),
        ("scale", _WORD),
        ("value", pa.float64()),
    ]
)


@dataclass(frozen=True, slots=True)
class EstimateTask:
    """Simulate replicates of one case and carry out its plans."""

    scenario: Scenario
    patients: int | None
    seed: int
    plans: Mapping[str, StudyPlan]

    def __call__(self, first: int, size: int) -> pa.Table:
        """Return rows of `ESTIMATES` for replicates ``first .. first + size - 1``."""
        parts = []
        mice = any(plan.missing.method == "mice" for plan in self.plans.values())
        together = TOGETHER_IMPUTED if mice else TOGETHER
        for start in range(first, first + size, together):
            count = min(together, first + size - start)
            cohort = draw_cohort(self.scenario, self.seed, count, start, self.patients)
            parts += [_rows(cohort, name, plan) for name, plan in self.plans.items()]
        table = pa.concat_tables(part for rows in parts for part in rows).unify_dictionaries()
        return rounded_columns(table)


def _rows(cohort: Cohort, name: str, plan: StudyPlan) -> Iterator[pa.Table]:
    sate = known_effects(cohort, plan)
    work = work_of(cohort, plan)
    for method in plan.methods:
        for answer in carry_out(work, method, plan.scales):
            if work.pooled and METHODS[method].needs:
                estimated = len(plan.covariates) + 2
                answer = pool_estimates(answer, df_complete=work.data.n.min(-1) - estimated)
            truth = sate[truth_name(plan, method, answer.scale)]
            yield _table(cohort, name, method, answer, truth)
    for answer in divided(work.data, plan, imputed=work.pooled):
        truth = sate[truth_name(plan, answer.method, answer.scale)]
        yield _table(cohort, name, answer.method, answer, truth)
    for answer in strategy_effects(cohort, plan):
        truth = sate[truth_name(plan, answer.method, answer.scale)]
        yield _table(cohort, name, answer.method, answer, truth)


def _table(cohort: Cohort, plan: str, method: str, answer: Estimate, log_truth: Floats) -> pa.Table:
    count = cohort.streams.replicates
    words = {"plan": plan, "method": method, "scale": answer.scale}
    columns: dict[str, Any] = {
        "replicate": cohort.streams.first + np.arange(count),
        **{column: pa.array([word] * count).dictionary_encode() for column, word in words.items()},
        "estimate": answer.estimate,
        "std_error": answer.std_error,
        "conf_low": answer.conf_low,
        "conf_high": answer.conf_high,
        "p_value": answer.p_value,
        "n": answer.n,
        "sate": np.exp(log_truth) if answer.scale in RATIOS else log_truth,
    }
    return pa.table([pa.array(columns[f.name]).cast(f.type) for f in ESTIMATES], schema=ESTIMATES)


@dataclass(frozen=True, slots=True)
class TruthTask:
    """Simulate large samples of patients of one case and compute their true effects."""

    scenario: Scenario
    plans: Mapping[str, StudyPlan]

    def __call__(self, first: int, size: int) -> pa.Table:
        """Return rows of `TRUTHS` for draws ``first .. first + size - 1``, one at a time."""
        rows: list[tuple[int, str, str, str, float]] = []
        for draw in range(first, first + size):
            cohort = draw_cohort(self.scenario, TRUTH_SEED, 1, draw, TRUTH_PATIENTS)
            for name, plan in self.plans.items():
                found = known_effects(cohort, plan)
                rows += [
                    (draw, name, target, scale, float(value[0]))
                    for (target, scale), value in found.items()
                ]
        columns = zip(*rows, strict=True)
        table = pa.table(
            [pa.array(column).cast(f.type) for column, f in zip(columns, TRUTHS, strict=True)],
            schema=TRUTHS,
        )
        return rounded_columns(table)
