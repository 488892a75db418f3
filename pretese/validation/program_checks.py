"""Comparisons without another program: decisions stated in the article, and reproducible bytes."""

import hashlib
from collections.abc import Iterator

from pretese.api.protocols.read_regimen import regimen as read_regimen
from pretese.api.simulation.read_scenario import scenario
from pretese.api.trials.designs import two_arm_design
from pretese.api.trials.trial_arguments import design_text
from pretese.validation.comparison import Comparison, Pairs, compared
from pretese.validation.values_file import values
from protocol.bedside.cases import load_cases, run_cases
from protocol.regimen.load import list_regimens, load_regimen

DECISIONS = "decisions"
SIMULATION = "simulation"

#: Patients, replicates and seed of the checks of the simulation.
PATIENTS, SEED, TRIALS = 200, 1, 20_000

_RELEASE = "this release, when it was made"


def decisions() -> Iterator[Comparison]:
    """Yield proofs of all shipped regimens, and the test cases of the article's regimen."""
    for name in list_regimens():
        proof = read_regimen(name).verify().to_dict()
        cells = sum(table["cells"] for table in proof["tables"].values())
        pairs: Pairs = [
            (f"{name}: combinations of {cells} without exactly one rule", 0, len(proof["faults"]))
        ]
        yield from compared(DECISIONS, name, "every combination of values", 0.0, pairs)
    regimen = load_regimen("fsh-guided")
    results = run_cases(regimen, load_cases("fsh-guided"))
    held = sum(not result.wrong for result in results)
    pairs = [("fsh-guided: test cases with the expected answer", len(results), held)]
    yield from compared(DECISIONS, "fsh-guided", "the article and its protocol", 0.0, pairs)


def simulation() -> Iterator[Comparison]:
    """Yield whether a simulated cohort has the bytes of the release, and power its exact value."""
    wanted = values("simulation")
    for name, digest in simulated_digests().items():
        pairs: Pairs = [(f"{name}: same bytes (1: yes)", 1, float(wanted[name] == digest))]
        yield from compared(SIMULATION, "paper", _RELEASE, 0.0, pairs)
    design = two_arm_design(*design_text("clomiphene-second-tese"))
    study = design.power(replicates=TRIALS, progress=False)
    for point in study.to_dict()["designs"][0]["points"]:
        exact = point["exact"]
        words = (
            f"simulated minus exact power ({point['effect_percent']:g} % of the effect), in MCSE"
        )
        pairs = [(words, 0, exact["z"])]
        yield from compared(SIMULATION, "clomiphene-second-tese", "enumeration", 4.0, pairs)


def simulated_digests() -> dict[str, str]:
    """Return the SHA-256 of each table of a small simulated cohort, as CSV."""
    cohort = scenario("paper").simulate(PATIENTS, seed=SEED)
    return {
        name: hashlib.sha256(table.to_csv(index=False).encode()).hexdigest()
        for name, table in cohort.tables.items()
    }
