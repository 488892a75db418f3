"""Sample sizes and power of two proportions against rpact, base R, East and publications."""

from collections.abc import Iterator

from estimate.sample_size.closed_form import power_two_proportions, size_two_proportions
from estimate.sample_size.exact_fixed import (
    exact_power,
    one_arm_power,
    pooled_z_test,
    search_size,
)
from estimate.sample_size.marginal_truth import marginal_truth
from pretese.validation.comparison import Comparison, Pairs, compared
from pretese.validation.values_file import oracle

AREA = "sample size and power"


def closed_forms() -> Iterator[Comparison]:
    """Yield sizes and power by formula."""
    known = oracle("O17")
    outputs = known["outputs"]
    pairs: Pairs = [
        ("size per arm, 55 against 40 %, power 80 %", outputs["n_arm"],
         size_two_proportions(0.55, 0.40).arm2),
        ("size per arm, power 90 %", outputs["n_arm_90"],
         size_two_proportions(0.55, 0.40, power=0.9).arm1),
        ("size per arm with continuity correction", outputs["n_arm_cc"],
         size_two_proportions(0.55, 0.40, continuity=True).arm1),
    ]  # fmt: skip
    yield from compared(AREA, "O17", known["source"], known["tol"], pairs)
    known = oracle("O19")
    two_to_one = size_two_proportions(0.55, 0.40, allocation=2)
    pairs = [
        ("size of the larger arm, allocation 2:1", known["outputs"]["n1"], two_to_one.arm1),
        ("size of the smaller arm, allocation 2:1", known["outputs"]["n2"], two_to_one.arm2),
    ]
    yield from compared(AREA, "O19", known["source"], known["tol"], pairs)
    known = oracle("O20")
    pairs = [
        (
            f"non-inferiority: size per arm, {case['p1']:.0%}, margin {-case['d0']:.0%}",
            case["n"],
            size_two_proportions(case["p1"], case["p2"], power=case["power"], null=case["d0"]).arm1,
        )
        for case in known["outputs"]["cases"]
    ]
    yield from compared(AREA, "O20", known["source"], known["tol"], pairs)
    power = power_two_proportions(0.55, 0.40, 150, 150)
    pairs = [("power, 55 against 40 %, 150 per arm", 0.741742, power)]
    yield from compared(AREA, "O24", "R 4.2.2, power.prop.test", 1e-6, pairs)


def enumerations() -> Iterator[Comparison]:
    """Yield exact power."""
    known = oracle("O25")
    found = [float(one_arm_power(n, 0.05, 0.20)) for n in known["outputs"]["n"]]
    pairs: Pairs = [("one arm: exact power, 20 against 5 %", known["outputs"]["power"], found)]
    yield from compared(AREA, "O25", known["source"], known["tol"], pairs)
    known = oracle("O27")
    power = exact_power(pooled_z_test(0.025)(150, 150), [0.55, 0.50, 0.40], 0.40)
    wanted = [known["outputs"][key] for key in ("p55_40", "p50_40", "size40")]
    pairs = [("exact power of the pooled z test, 150 per arm", wanted, power)]
    yield from compared(AREA, "O27", known["source"], known["tol"], pairs)
    known = oracle("O30")
    search = search_size(pooled_z_test(), 0.55, 0.40, power=0.8, around=172.8)
    pairs = [
        ("smallest size per arm with exact power 80 %", known["outputs"]["first"], search.first),
        ("size from which every size has it", known["outputs"]["stays_from"], search.stays_from),
    ]
    yield from compared(AREA, "O30", known["source"], 0.0, pairs)
    known = oracle("O47")
    truth = marginal_truth(-0.5, 0.8, 1.2)
    words = "marginal risk difference of a logistic model"
    pairs = [(words, known["outputs"]["rd"], truth.risk_difference)]
    yield from compared(AREA, "O47", known["source"], known["tol"], pairs)
