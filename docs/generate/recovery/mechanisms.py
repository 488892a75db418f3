"""Tables of patients whose effects are known, each with the plan that analyses it.

Every mechanism has two covariates, x (standard normal) and z (standard normal, or 0/1), and a
treatment that depends on them, unless stated otherwise.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Floats = NDArray[np.float64]
Table = dict[str, Any]
Generator = np.random.Generator

ARMS = ("none", "hCG", "hCG and FSH")
COVARIANCE = np.array([[4.0, 2.4, 1.6], [2.4, 6.0, 3.2], [1.6, 3.2, 9.0]])
BY_VISIT = np.array([0.5, 1.2, 2.0])
MICE = {"method": "mice", "imputations": 5, "iterations": 5}
BOTH = {"x": "numeric", "z": "numeric"}


@dataclass(frozen=True, slots=True)
class Mechanism:
    """One way of drawing tables.

    Attributes
    ----------
    words
        What is special about it, for the page.
    draw
        One table of a number of patients.
    plan
        A plan as `pretese analyse` reads it.
    truths
        Method and scale, as results name them, to the true effect; ratios as ratios.
    biased
        Methods that must be biased.
    """

    words: str
    draw: Callable[[Generator, int], Table]
    plan: Mapping[str, Any]
    truths: Callable[[], dict[tuple[str, str], float]]
    patients: int = 300
    biased: frozenset[str] = field(default_factory=frozenset)


def _covariates(rng: Generator, n: int) -> tuple[Floats, Floats]:
    x, z = rng.normal(size=(2, n))
    return x, z


def _treated(rng: Generator, x: Floats, z: Floats) -> Floats:
    return (rng.random(x.shape) < expit(0.5 * x - 0.4 * z)) * 1.0


def _plan(outcome: Any, methods: list[str], **more: Any) -> dict[str, Any]:
    return {"treatment": "t", "outcome": outcome, "covariates": BOTH, "methods": methods, **more}


# --- three arms ------------------------------------------------------------------------------

_EFFECTS = (0.0, 0.6, 1.1)


def _utilities(x: Floats, z: Floats) -> Floats:
    return np.stack([0 * x, 0.5 * x - 0.2, 0.6 * z - 0.3 * x], -1)


def _three_arms(rng: Generator, n: int) -> Table:
    x, z = _covariates(rng, n)
    utility = _utilities(x, z)
    arm = (utility + rng.gumbel(size=utility.shape)).argmax(-1)
    chance = expit(np.array(_EFFECTS)[arm] - 0.5 + 0.6 * x + 0.4 * z)
    y = (rng.random(n) < chance) * 1
    return {"t": np.array(ARMS, object)[arm], "y": y, "x": x, "z": z}


def _with_gaps(draw: Callable[[Generator, int], Table]) -> Callable[[Generator, int], Table]:
    """Return the same with a quarter of z missing, depending on x and the outcome."""

    def drawn(rng: Generator, n: int) -> Table:
        table = draw(rng, n)
        gap = rng.random(n) < expit(-1.4 + 0.7 * table["x"] + 0.7 * (table["y"] > 0))
        return {**table, "z": np.where(gap, np.nan, table["z"])}

    return drawn


def _truth_of_arms() -> dict[tuple[str, str], float]:
    x, z = _covariates(np.random.default_rng(1), 4_000_000)
    e = np.exp(_utilities(x, z))
    tilt = 1 / (e.sum(-1) * (1 / e).sum(-1))  # up to a constant 1 / sum of 1 / score
    risks = [expit(effect - 0.5 + 0.6 * x + 0.4 * z) for effect in _EFFECTS]
    found = {}
    for arm in (1, 2):
        words = f"{ARMS[arm]} vs {ARMS[0]}"
        ate = float(risks[arm].mean() - risks[0].mean())
        ato = float(np.average(risks[arm] - risks[0], weights=tilt))
        for name, value in (("unadjusted", ate), ("iptw-ate", ate), ("g-computation", ate),
                            ("iptw-ato", ato)):  # fmt: skip
            found[f"{name}: {words}", "risk difference"] = value
        found[f"adjusted: {words}", "odds ratio"] = float(np.exp(_EFFECTS[arm]))
    return found


_ARM_PLAN = {
    "treatment_levels": list(ARMS),
    **_plan("y", ["unadjusted", "adjusted", "iptw-ate", "iptw-ato", "g-computation"]),
}
_CONFOUNDED = frozenset(f"unadjusted: {arm} vs none" for arm in ARMS[1:])

# --- a survey: four strata of 30 clinics, from each of which 10 clinics are sampled --------------


def _survey(rng: Generator, n: int) -> Table:
    """Sample 10 clinics per stratum and n / 40 patients per clinic; z decides who is sampled."""
    strata, clinics = 4, 10
    stratum = np.repeat(np.arange(strata), n // strata)
    clinic = np.repeat(np.arange(strata * clinics), n // (strata * clinics))
    level = rng.normal(0, 0.4, strata * clinics)[clinic]
    chance = np.array([0.6, 0.7, 0.8, 0.9])  # of z = 1, in the sampled patients of a stratum
    z = (rng.random(n) < chance[stratum]) * 1.0
    # in the population z is 1 in half of the patients of every stratum; strata are equally large
    weight = np.where(z > 0, 0.5 / chance[stratum], 0.5 / (1 - chance[stratum]))
    x = rng.normal(size=n)
    t = (rng.random(n) < expit(0.7 * x)) * 1.0
    y = (rng.random(n) < expit(-1.0 + 0.6 * x + level + t * (0.2 + 1.2 * z))) * 1
    return {"t": t, "y": y, "x": x, "z": z, "w": weight, "stratum": stratum, "clinic": clinic}


def _truth_of_survey() -> dict[tuple[str, str], float]:
    rng = np.random.default_rng(2)
    x, level = rng.normal(size=4_000_000), rng.normal(0, 0.4, 4_000_000)
    risks = [
        np.mean([expit(-1 + 0.6 * x + level + t * (0.2 + 1.2 * z)).mean() for z in (0, 1)])
        for t in (0, 1)
    ]
    difference = float(risks[1] - risks[0])
    methods = ("unadjusted", "iptw-ate", "entropy-ate", "g-computation")
    return dict.fromkeys([(name, "risk difference") for name in methods], difference)


_SURVEYED = {"sampling_weights": "w", "sampling_strata": "stratum", "cluster": "clinic"}
_SURVEY_METHODS = ["unadjusted", "iptw-ate", "entropy-ate", "g-computation"]

# --- other outcomes --------------------------------------------------------------------------


def _measured(rng: Generator, n: int) -> Table:
    x, z = _covariates(rng, n)
    t = _treated(rng, x, z)
    noise = rng.normal(size=n) * (1 + 0.5 * t)
    return {"t": t, "y": 10 + 1.5 * t + x + 0.8 * z + noise, "x": x, "z": z}


def _counted(rng: Generator, n: int) -> Table:
    x, z = _covariates(rng, n)
    t = _treated(rng, x, z)
    cycles = rng.integers(1, 4, n)
    frailty = rng.gamma(2.0, 0.5, n)  # mean 1: more variance than Poisson's
    mean = cycles * frailty * np.exp(1.0 + 0.3 * t + 0.2 * x - 0.2 * z)
    return {"t": t, "y": rng.poisson(mean), "cycles": cycles, "x": x, "z": z}


def _graded(rng: Generator, n: int) -> Table:
    x, z = _covariates(rng, n)
    t = _treated(rng, x, z)
    latent = 0.7 * t + 0.6 * x - 0.5 * z + rng.logistic(size=n)
    return {"t": t, "y": np.digitize(latent, [-0.5, 0.8]).astype(str), "x": x, "z": z}


def _timed(rng: Generator, n: int) -> Table:
    x, z = _covariates(rng, n)
    t = _treated(rng, x, z)
    time = rng.exponential(10 / np.exp(0.5 * t + 0.5 * x - 0.3 * z))
    end = rng.uniform(4, 16, n)
    return {"t": t, "months": np.minimum(time, end), "y": (time <= end) * 1, "x": x, "z": z}


def _repeated(rng: Generator, n: int) -> Table:
    """Randomised; who is high at the second visit of the treated arm misses the third."""
    t = np.arange(n) % 2
    x = rng.normal(size=n)
    y = rng.normal(size=(n, 3)) @ np.linalg.cholesky(COVARIANCE).T
    y += x[:, None] * np.array([1.0, 0.8, 0.6]) + np.outer(t, BY_VISIT)
    y[(y[:, 1] > 3) & (t == 1), 2] = np.nan
    return {"t": t, "x": x, **{f"m{k + 1}": y[:, k] for k in range(3)}}


def _mediated(rng: Generator, n: int) -> Table:
    x = rng.normal(size=n)
    t = (rng.random(n) < expit(0.5 * x)) * 1.0
    m = 0.8 * t + 0.5 * x + rng.normal(size=n)
    y = (rng.random(n) < expit(-0.8 + 0.4 * t + 0.7 * m + 0.4 * x)) * 1
    return {"t": t, "y": y, "m": m, "x": x}


def _truth_of_mediators() -> dict[tuple[str, str], float]:
    rng = np.random.default_rng(3)
    x, noise = rng.normal(size=(2, 4_000_000))

    def risk(t: float, m: float) -> float:
        return float(expit(-0.8 + 0.4 * t + 0.7 * (0.8 * m + 0.5 * x + noise) + 0.4 * x).mean())

    through = (risk(1, 1) - risk(1, 0) + risk(0, 1) - risk(0, 0)) / 2
    beside = (risk(1, 1) - risk(0, 1) + risk(1, 0) - risk(0, 0)) / 2
    return {
        ("acme", "risk difference"): through, ("ade", "risk difference"): beside,
        ("total", "risk difference"): risk(1, 1) - risk(0, 0),
    }  # fmt: skip


def _simple(rng: Generator, n: int) -> Table:
    x, z = _covariates(rng, n)
    t = _treated(rng, x, z)
    y = (rng.random(n) < expit(-0.5 + 0.8 * t + 0.6 * x + 0.4 * z)) * 1
    return {"t": t, "y": y, "x": x, "z": z}


def _truth_of_simple() -> dict[tuple[str, str], float]:
    x, z = _covariates(np.random.default_rng(4), 4_000_000)
    both = [expit(-0.5 + 0.8 * t + 0.6 * x + 0.4 * z).mean() for t in (0, 1)]
    difference = float(both[1] - both[0])
    found = {(name, "risk difference"): difference for name in ("iptw-ate", "g-computation")}
    return {**found, ("adjusted", "odds ratio"): float(np.exp(0.8))}


def _always(value: float, scale: str, *methods: str) -> Callable[[], dict[tuple[str, str], float]]:
    return lambda: {(name, scale): value for name in methods}


MECHANISMS: Mapping[str, Mechanism] = {
    "three-arms": Mechanism(
        "three treatments chosen by x and z", _three_arms, _ARM_PLAN, _truth_of_arms,
        biased=_CONFOUNDED,
    ),
    "three-arms-imputed": Mechanism(
        "the same, a quarter of z missing, depending on x and the outcome; 5 imputations",
        _with_gaps(_three_arms),
        {**_ARM_PLAN, "methods": ["adjusted", "iptw-ate", "g-computation"], "missing": MICE},
        _truth_of_arms,
    ),
    "survey": Mechanism(
        "four strata of ten clinics; z modifies the effect and the probability of being sampled",
        _survey,
        _plan("y", _SURVEY_METHODS, **_SURVEYED), _truth_of_survey, 800,
        frozenset({"unadjusted"}),
    ),
    "survey-unweighted": Mechanism(
        "the same, analysed without weights and strata", _survey,
        _plan("y", ["iptw-ate", "g-computation"], cluster="clinic"), _truth_of_survey, 800,
        frozenset({"iptw-ate", "g-computation"}),
    ),
    "survey-imputed": Mechanism(
        "the same survey, a quarter of z missing; 5 imputations", _with_gaps(_survey),
        _plan("y", ["iptw-ate", "g-computation"], missing=MICE, **_SURVEYED), _truth_of_survey,
        800,
    ),
    "measurement": Mechanism(
        "a measurement whose variance differs between the arms", _measured,
        _plan({"column": "y", "kind": "continuous"},
              ["unadjusted", "adjusted", "iptw-ate", "entropy-ate", "g-computation", "aipw"]),
        _always(1.5, "mean difference", "unadjusted", "adjusted", "iptw-ate", "entropy-ate",
                "g-computation", "aipw"), 200, frozenset({"unadjusted"}),
    ),
    "count": Mechanism(
        "a count with an exposure and more variance than Poisson's", _counted,
        _plan({"column": "y", "kind": "count", "exposure": "cycles"}, ["adjusted"]),
        _always(float(np.exp(0.3)), "rate ratio", "adjusted"), 200,
    ),
    "ordered-classes": Mechanism(
        "three ordered classes with proportional odds", _graded,
        _plan({"column": "y", "kind": "ordinal", "levels": ["0", "1", "2"]}, ["adjusted"]),
        _always(float(np.exp(0.7)), "odds ratio", "adjusted"), 200,
    ),
    "time": Mechanism(
        "a time to an event, censored between 4 and 16 months", _timed,
        _plan({"time": "months", "event": "y"}, ["adjusted"]),
        _always(float(np.exp(0.5)), "hazard ratio", "adjusted"), 200,
    ),
    "repeated": Mechanism(
        "three visits; treated patients with high values at the second visit miss the third",
        _repeated,
        {"treatment": "t", "outcome": {"visits": ["m1", "m2", "m3"], "baseline": "x"},
         "covariates": {"x": "numeric"}, "methods": ["adjusted"]},
        lambda: {(f"adjusted: m{k + 1}", "mean difference"): BY_VISIT[k] for k in range(3)}, 60,
    ),
    "mediator": Mechanism(
        "a numeric mediator between treatment and outcome", _mediated,
        {"treatment": "t", "outcome": "y", "covariates": {"x": "numeric"},
         "methods": ["unadjusted"], "mediators": {"m": {"column": "m"}}},
        _truth_of_mediators, 300,
    ),
    "bootstrap": Mechanism(
        "errors by bootstrap, 100 samples", _simple,
        _plan("y", ["adjusted", "iptw-ate", "g-computation"], errors="bootstrap",
              bootstrap_samples=100),
        _truth_of_simple, 200,
    ),
}  # fmt: skip
