"""Group-sequential boundaries and exact sequential trials against rpact, gsDesign and tables."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from estimate.sample_size.exact_sequential import exact_sequential
from estimate.sequential.boundaries import plan_sequential
from estimate.sequential.boundary_shapes import WangTsiatis
from estimate.sequential.spending import Spending
from pretese.validation.comparison import Comparison, Pairs, compared
from pretese.validation.values_file import oracle

AREA = "group-sequential designs"
THIRDS = (1 / 3, 2 / 3, 1.0)
OF = Spending("OF")


def _equal(analyses: int) -> list[float]:
    return list(np.arange(1, analyses + 1) / analyses)


#: Reference value to the arguments of a design, and field of the reference to that of the design.
_DESIGNS: dict[str, tuple[tuple[Any, ...], dict[str, Any], dict[str, str]]] = {
    "O1": ((_equal(5), WangTsiatis(0)), {}, {"crit": "upper", "inflation": "inflation"}),
    "O4": (
        (_equal(5), WangTsiatis(0.25)),
        {"alpha": 0.05, "sides": 2, "power": 0.9},
        {"crit": "upper", "inflation": "inflation"},
    ),
    "O6": ((THIRDS, OF), {}, {"crit": "upper", "inflation": "inflation"}),
    "O7": (([0.5, 1], OF), {}, {"crit": "upper", "inflation": "inflation"}),
    "O8": ((THIRDS, Spending("Pocock")), {}, {"crit": "upper", "inflation": "inflation"}),
    "O9": (([0.5, 0.75, 1], Spending("HSD", -4)), {}, {"crit": "upper", "inflation": "inflation"}),
    "O10": ((_equal(4), Spending("KD", 2)), {}, {"crit": "upper", "inflation": "inflation"}),
    "O12": (
        (THIRDS, Spending("HSD", -4)),
        {"power": 0.9, "futility": Spending("HSD", -2)},
        {"upper": "upper", "lower": "lower", "inflation": "inflation"},
    ),
    "O13": ((THIRDS, OF), {"futility": OF}, {"lower": "lower", "inflation": "inflation"}),
    "O14": (
        (THIRDS, OF),
        {"futility": OF, "binding": True},
        {"upper": "upper", "lower": "lower", "inflation": "inflation"},
    ),
    "O15": (([0.3, 0.7, 1], OF), {}, {"crit": "upper"}),
}

_WORDS = {
    "crit": "efficacy boundary", "upper": "efficacy boundary", "lower": "futility boundary",
    "inflation": "inflation factor",
}  # fmt: skip


def published_boundaries() -> Iterator[Comparison]:
    """Yield boundaries and inflation factors."""
    for name, (arguments, options, fields) in _DESIGNS.items():
        known, design = oracle(name), plan_sequential(*arguments, **options)
        pairs = []
        for theirs, ours in fields.items():
            wanted = known["outputs"][theirs]
            found = np.ravel(getattr(design, ours))[: np.size(wanted)]
            pairs.append((f"{known['what']}: {_WORDS[theirs]}", wanted, found))
        yield from compared(AREA, name, known["source"], known["tol"], pairs)
    yield from _classical_constants()


def _classical_constants() -> Iterator[Comparison]:
    known = oracle("O3")
    pairs = []
    for position, analyses in enumerate(known["inputs"]["k"]):
        for letter, words, delta in (("P", "Pocock", 0.5), ("B", "O'Brien-Fleming", 0.0)):
            design = plan_sequential(_equal(analyses), WangTsiatis(delta), alpha=0.05, sides=2)
            wanted = known["outputs"][f"C_{letter}"][position]
            pairs.append((f"{words} constant, {analyses} analyses", wanted, design.upper[-1]))
    yield from compared(AREA, "O3", known["source"], known["tol"], pairs)


def exact_trials() -> Iterator[Comparison]:
    """Yield exact rejection probabilities of sequential trials of counts."""
    known = oracle("O28")
    sizes, critical = np.array(known["inputs"]["n_cum"]), known["inputs"]["crit"]
    risks = {"p55_40": 0.55, "p50_40": 0.50, "p40_40": 0.40, "p60_40": 0.60}
    found = exact_sequential(sizes, sizes, critical, list(risks.values()), [0.40] * len(risks))
    pairs: Pairs = [
        (f"exact power, {risk:.0%} against 40 %", known["outputs"][key]["total"], power)
        for (key, risk), power in zip(risks.items(), found.power, strict=True)
    ]
    stages = known["outputs"]["p55_40"]["stage"]
    pairs.append(("exact rejection by analysis, 55 against 40 %", stages, found.efficacy[0]))
    yield from compared(AREA, "O28", known["source"], known["tol"], pairs)
