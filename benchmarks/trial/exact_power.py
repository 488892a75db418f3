"""Simulate random unadjusted designs and compare each with exact enumeration.

``python -m benchmarks.trial.exact_power`` simulates 100,000 trials as counts with each of
200 designs (half a minute) and 10,000 simulated at patient level with the first 50 of them
(a few minutes). It prints a summary of the scores of both, every score of the latter, and writes
``docs/images/exact-power.png``. `docs/explanation/exact-power.md` contains its output;
`tests/reference/trial/test_random_designs.py` repeats it at a smaller size.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import stats

from benchmarks.trial.exact_power_figure import draw_scores
from pretese.plots.style import save
from pretese.trial.design.design_file import DesignFile
from pretese.trial.measures.exact_power import exact_behaviour
from pretese.trial.measures.performance import measures
from pretese.trial.simulation.engine import simulate_design
from protocol.reading.documents import validate

#: Designs, and trials of each.
BY_COUNTS, BY_PATIENTS = (200, 100_000), (50, 10_000)

SEED = 2_022

EFFICACY = ("OF", "Pocock", "HSD(-4)", "KD(2)", "WT(0.25)", "HP(3)")
FUTILITY = ("HSD(-2)", "OF")

#: Power outside this range allows no score: hardly any of 10,000 trials differ.
MIN_POWER, MAX_POWER = 0.01, 0.99


@dataclass(frozen=True, slots=True)
class Score:
    """A random design at a random fraction of its effect, simulated and exact."""

    design: DesignFile
    effect: float
    simulated: float
    exact: float
    z: float


def random_design(rng: np.random.Generator, name: str) -> DesignFile:
    """Return a fixed or sequential unadjusted design of 40 to 400 participants."""
    analyses, sides = int(rng.integers(1, 5)), int(rng.integers(1, 3))
    allocation = [(1, 1), (2, 1), (1, 2)][int(rng.integers(3))]
    control = float(rng.uniform(10, 70))
    monitoring = {
        "analyses_percent": (100 * np.arange(1, analyses + 1) / analyses).tolist(),
        "efficacy": str(rng.choice(EFFICACY[:4] if analyses == 1 else EFFICACY)),
        "alpha_percent": float(rng.choice([2.5, 5.0])),
        "sides": sides,
    }
    if (
        sides == 1
        and analyses > 1
        and rng.random() < 0.5
        and monitoring["efficacy"] in EFFICACY[:4]
    ):
        monitoring |= {"futility": str(rng.choice(FUTILITY)), "binding": bool(rng.random() < 0.5)}
    plain = {
        "id": name,
        "title": "a random design",
        "question": "",
        "participants": 12 * int(rng.integers(4, 34)),
        "risks": {
            "control_percent": control,
            "treated_percent": control + float(rng.uniform(5, 25)),
        },
        "allocation": allocation,
        "randomisation": {"block_sizes": [sum(allocation)]},
        "dropout": {"control_percent": float(rng.choice([0, 10]))},
        "sites": [{"name": "one", "from_month": [0], "recruitment_per_year": [60]}],
        "endpoint": {"endpoint_month": 4, "missing": "failure"},
        "monitoring": monitoring,
    }
    return validate(plain, DesignFile, name)


def score_designs(designs: int, replicates: int, seed: int, *, patient_level: bool) -> list[Score]:
    """Return scores of random designs; a third of them without an effect."""
    rng, found = np.random.default_rng(seed), []
    while len(found) < designs:
        design = random_design(rng, f"random-{len(found)}")
        effect = float(rng.choice([0.0, 0.5, 1.0]))
        participants, risks = design.participants, design.risks
        out = simulate_design(
            design, None, [(participants, effect)], seed=int(rng.integers(2**31)),
            replicates=replicates, patient_level=patient_level,
        )[participants, effect]  # fmt: skip
        control, treated = risks.control_percent / 100, risks.treated_percent / 100
        exact = exact_behaviour(
            design, participants, out, (control, control + effect * (treated - control))
        )
        if MIN_POWER < exact.power < MAX_POWER:
            simulated = float(measures(design, out)["rejection"].value)
            found.append(Score(design, effect, simulated, exact.power, exact.z))
    return found


def describe(z: np.ndarray) -> str:
    """Return mean, SD and two tests of the scores against the standard normal distribution."""
    n = z.size
    smirnov = stats.kstest(z, "norm")
    ranked, rank = np.sort(z), np.arange(1, n + 1)
    logs = stats.norm.logcdf(ranked) + stats.norm.logsf(ranked[::-1])
    darling = -n - float(((2 * rank - 1) * logs).sum()) / n
    square = float((z**2).sum())
    return (
        f"mean {z.mean():.2f} (MC error {1 / np.sqrt(n):.2f}), "
        f"standard deviation {z.std(ddof=1):.2f} ({1 / np.sqrt(2 * (n - 1)):.2f}), "
        f"largest {np.abs(z).max():.2f}; Kolmogorov-Smirnov p = {smirnov.pvalue:.2f}; "
        f"Anderson-Darling {darling:.2f} (2.49 at 5 %); sum of squares {square:.1f} on {n} degrees "
        f"of freedom, p = {stats.chi2.sf(square, n):.2f}"
    )


def main() -> None:
    counted = score_designs(*BY_COUNTS, SEED, patient_level=False)
    print(f"by counts: {describe(np.array([each.z for each in counted]))}")
    scores = score_designs(*BY_PATIENTS, SEED, patient_level=True)
    for each in scores:
        plan = each.design.monitoring
        print(
            f"{each.design.participants:4d} participants "
            f"{':'.join(map(str, each.design.allocation))}  "
            f"{len(plan.analyses_percent)} analyses {plan.efficacy:8s} {plan.futility or '-':8s} "
            f"{100 * each.effect:3.0f} % effect  exact {100 * each.exact:6.2f} %  "
            f"simulated {100 * each.simulated:6.2f} %  z {each.z:5.2f}"
        )
    z = np.array([each.z for each in scores])
    print(f"participant by participant: {describe(z)}")
    sequential = [len(each.design.monitoring.analyses_percent) > 1 for each in scores]
    save(draw_scores(z, sequential), Path("docs/images/exact-power.png"))


if __name__ == "__main__":
    main()
