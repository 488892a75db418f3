"""What becomes of prediction models with a high C-statistic in other populations.

``python -m docs.generate.recovery.prediction_elsewhere`` prints the table of
``docs/explanation/prediction-elsewhere.md`` and draws its figure.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import rankdata

import pretese as pt
from estimate.regression.logistic import fit_logistic
from pretese.plots.style import GRID, MUTED, SIMULATED, house_style, new_figure, save
from simulate import endpoints
from simulate.cohort.draw import draw_cohort
from simulate.core.coding import BASELINE
from simulate.scenario.scenario_file import Scenario

Floats = NDArray[np.float64]

IMAGE = Path(__file__).parents[2] / "images" / "prediction-elsewhere.png"

#: Studies, patients of each, and patients of every population in which its model is validated.
STUDIES, PATIENTS, ELSEWHERE = 1500, 60, 10_000

#: Apparent C-statistics from here to there count as "0.92".
BAND = (0.90, 0.94)

#: Change of the log odds of sperm in the clinic whose patients have sperm less often.
LOWER_LOG_ODDS = -1.0

#: Readings of the other laboratory: FSH as multiple, its scatter (log SD), and volume as multiple.
OTHER_FSH, SCATTER, OTHER_VOLUME = 1.4, 0.3, 0.75

SEED = 5


def main() -> None:
    """Simulate, print the table and draw the figure."""
    scenario = pt.scenario("paper").loaded.scenario
    values_of, y = _patients(scenario, SEED, STUDIES, PATIENTS)
    fit = fit_logistic(values_of, y)
    models = fit.coef[fit.converged]
    fitted = zip(values_of[fit.converged], y[fit.converged], models, strict=True)
    apparent = np.array([_measures(rows @ b, outcome)[0] for rows, outcome, b in fitted])
    found = {
        name: np.array([_measures(rows @ b, outcome) for b in models])
        for name, (rows, outcome) in _populations(scenario).items()
    }
    chosen = (apparent >= BAND[0]) & (apparent <= BAND[1])
    print(f"{len(models)} of {STUDIES} models fitted; C in {BAND}: {chosen.sum()}")  # noqa: T201
    for line in _table(apparent, found, chosen):
        print(line)  # noqa: T201
    save(_draw(apparent, found, chosen), IMAGE)


def _patients(scenario: Scenario, seed: int, studies: int, patients: int) -> tuple[Floats, Floats]:
    """Return columns of the model (study, patient, p), and whether sperm was found."""
    cohort = draw_cohort(scenario, seed, studies, 0, patients)
    outcome = cohort.in_chosen_arm(*endpoints.potential_outcomes(cohort, "any_sperm"))
    diagnosis = cohort.patients.diagnosis[..., None] == np.arange(1, 4)
    values = [np.asarray(cohort.patients.baseline[name], float) for name in BASELINE]
    columns = [np.ones(outcome.shape), cohort.gonadotropin_therapy, *values]
    values_of = np.concatenate([np.stack(columns, -1), diagnosis], -1).astype(float)
    return values_of, outcome.astype(float)


def _populations(scenario: Scenario) -> Mapping[str, tuple[Floats, Floats]]:
    """Return the patients of every population, as the models read them."""
    values_of, y = (part[0] for part in _patients(scenario, SEED + 1, 1, ELSEWHERE))
    idiopathic = (values_of[:, -3:] == 0).all(-1)
    lower = _with_lower_odds(scenario)
    fewer = tuple(part[0] for part in _patients(lower, SEED + 2, 1, ELSEWHERE))
    read = values_of.copy()
    fsh, volume = (2 + BASELINE.index(name) for name in ("fsh_iu_l", "testis_volume_ml"))
    scatter = np.random.default_rng(SEED).normal(0, SCATTER, len(values_of))
    read[:, fsh] = values_of[:, fsh] * OTHER_FSH * np.exp(scatter)
    read[:, volume] = values_of[:, volume] * OTHER_VOLUME
    return {
        "same clinic": (values_of, y),
        "idiopathic patients only": (values_of[idiopathic], y[idiopathic]),
        "sperm is rarer": (fewer[0], fewer[1]),
        "other assay and orchidometer": (read, y),
    }


def _with_lower_odds(scenario: Scenario) -> Scenario:
    changed = {
        f"spermatogenesis.spermatogenic_liability.{name}": value + LOWER_LOG_ODDS
        for name, value in _liabilities(scenario).items()
    }
    return pt.scenario("paper", changes=changed).loaded.scenario


def _liabilities(scenario: Scenario) -> dict[str, float]:
    found = scenario.spermatogenesis.spermatogenic_liability
    return {name: float(value.value) for name, value in found.items()}


def _measures(eta: Floats, y: Floats) -> tuple[float, float, float]:
    """Return C-statistic, calibration slope, and observed over expected events."""
    events = y.sum()
    ranks = rankdata(eta)
    c = (ranks[y > 0].sum() - events * (events + 1) / 2) / (events * (len(y) - events))
    bounded = np.clip(eta, -30, 30)
    rows = np.stack([np.ones(len(y)), bounded], -1)
    slope = float(fit_logistic(rows, y).coef[1])
    return float(c), slope, float(events / expit(eta).sum())


def _table(
    apparent: Floats, found: Mapping[str, Floats], chosen: NDArray[np.bool_]
) -> Iterator[str]:
    yield "| population | C, all models | C, models of 0.92 | slope | observed / expected |"
    yield "|---|---|---|---|---|"
    yield f"| the study itself | {_mean(apparent)} | {_mean(apparent[chosen])} | 1 | 1 |"
    for name, values in found.items():
        picked = values[chosen]
        cells = (_mean(values[:, 0]), *(_mean(picked[:, k]) for k in range(3)))
        yield f"| {name} | {' | '.join(cells)} |"


def _mean(values: Floats) -> str:
    """Return a mean with its Monte Carlo standard error."""
    return f"{values.mean():.2f} ({values.std(ddof=1) / np.sqrt(len(values)):.3f})"


def _draw(apparent: Floats, found: Mapping[str, Floats], chosen: NDArray[np.bool_]) -> Figure:
    """Draw C-statistic, slope and observed over expected of the models of 0.92."""
    names = ["the study itself", *found]
    study = np.stack([apparent[chosen], np.ones(chosen.sum()), np.ones(chosen.sum())], -1)
    parts = [study, *(values[chosen] for values in found.values())]
    titles = ("C-statistic", "calibration slope", "observed / expected")
    with house_style():
        figure = new_figure(8.6, 3.0)
        for k, axes in enumerate(figure.subplots(1, 3, sharey=True)):
            _strip(axes, [part[:, k] for part in parts], (0.5, 1.0, 1.0)[k], skip=k > 0)
            axes.set_title(titles[k])
            axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.5, -0.5)
    return figure


def _strip(axes: Axes, parts: list[Floats], ideal: float, *, skip: bool) -> None:
    """Draw every model as a point, and the middle half and the median as lines."""
    axes.axvline(ideal, color=MUTED, lw=1, ls="--")
    axes.grid(axis="x", color=GRID)
    dice = np.random.default_rng(1)
    for row, values in enumerate(parts):
        if skip and row == 0:  # 1 by construction
            continue
        height = row + dice.uniform(-0.22, 0.22, len(values))
        axes.plot(values, height, "o", ms=2.2, color=SIMULATED, alpha=0.35, mew=0)
        low, middle, high = np.percentile(values, (25, 50, 75))
        axes.plot([low, high], [row, row], color="black", lw=2.2)
        axes.plot([middle], [row], "o", color="black", ms=4.5)


if __name__ == "__main__":
    main()
