"""Analyse simulated tables by plans as a user would, and write how well effects are recovered.

``python -m docs.generate.recovery --replicates 2000 --workers 2 > PAGE`` writes
``docs/explanation/other-designs.md``.
"""

import argparse
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from docs.generate.recovery.findings import FINDINGS
from docs.generate.recovery.mechanisms import MECHANISMS
from estimate.core.result import RATIOS
from estimate.performance.measures import measure_performance
from estimate.plan.analyse import analyse
from estimate.plan.spec import Plan
from protocol.errors import InputError
from protocol.reading.documents import validate

#: Base seed; a replicate's numbers depend on its mechanism and its own number alone.
SEED = 2026

#: Numbers of one analysis in one replicate.
FIELDS = ("estimate", "std_error", "conf_low", "conf_high", "p_value")

INTRODUCTION = """# What plans for other designs recover

`pretese recover` simulates the clinic of the article. This page is for plans that its library
does not contain: three treatments, surveys, outcomes other than 0/1, mediators, bootstrap errors.
Tables whose effect is known are drawn, and each is analysed from its plan exactly as
`pretese analyse` does. Written by `python -m docs.generate.recovery --replicates {replicates}`;
the mechanisms are in `docs/generate/recovery/mechanisms.py`, {replicates:,} tables of each.

Bias is on the scale of the standard error (logarithms of ratios). In brackets: Monte Carlo standard
errors. "biased" marks an analysis that is expected to fail: bias would be detected.
"""


def main() -> None:
    """Run all mechanisms and print the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=list(MECHANISMS))
    parser.add_argument("--patients", type=int, help="of each table, instead of the page's number")
    asked = parser.parse_args()
    sys.stdout.write(INTRODUCTION.format(replicates=asked.replicates))
    for name in asked.only:
        found = simulate(name, asked.replicates, asked.workers, asked.patients)
        sys.stdout.write(section(name, found, asked.patients))
        sys.stdout.flush()


def simulate(
    name: str, replicates: int, workers: int = 1, patients: int | None = None
) -> NDArray[np.float64]:
    """Return (replicate, analysis, field) of one mechanism; NaN where nothing was estimated."""
    one = partial(replicate_of, name, patients=patients)
    if workers == 1:
        return np.stack([one(number) for number in range(replicates)])
    with ProcessPoolExecutor(workers) as pool:
        return np.stack(list(pool.map(one, range(replicates), chunksize=20)))


def replicate_of(name: str, number: int, patients: int | None = None) -> NDArray[np.float64]:
    """Return the numbers of every analysis with a known effect in one replicate."""
    chosen = MECHANISMS[name]
    rng = np.random.default_rng([SEED, [*MECHANISMS].index(name), number])
    plan = validate({**chosen.plan, "seed": number}, Plan, where=name)
    try:
        found = analyse(chosen.draw(rng, patients or chosen.patients), plan)
    except InputError:  # a table that cannot be analysed, such as an empty class
        return np.full((len(truths_of(name)), len(FIELDS)), np.nan)
    answers = {(each.method, each.scale): each for each in found.estimates}
    for pathway in found.pathways:
        for kind, each in zip(("acme", "ade", "total"), pathway.mediation.estimates(), strict=True):
            answers[kind, each.scale] = each
    return np.array([[getattr(answers[key], field) for field in FIELDS] for key in truths_of(name)])


@cache
def truths_of(name: str) -> dict[tuple[str, str], float]:
    """Return the true effects of a mechanism, by the analyses of the page in their order."""
    chosen = MECHANISMS[name]
    asked = {*chosen.plan["methods"], "acme", "ade", "total"}
    return {
        (method, scale): value
        for (method, scale), value in chosen.truths().items()
        if method.partition(":")[0] in asked
    }


def section(name: str, found: NDArray[np.float64], patients: int | None = None) -> str:
    """Return the part of the page about one mechanism."""
    chosen = MECHANISMS[name]
    words, size = f"{chosen.words[0].upper()}{chosen.words[1:]}", patients or chosen.patients
    head = f"\n## {name}\n\n{words}; {size} patients.\n"
    titles = ("analysis", "scale", "truth", "bias", "coverage, %", "mean SE / empirical SE, %",
              "estimated")  # fmt: skip
    lines = [f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    lines += [f"| {' | '.join(row)} |" for row in _rows(name, found)]
    finding = f"\n{FINDINGS[name]}" if name in FINDINGS and not patients else ""
    return head + "\n" + "\n".join(lines) + "\n" + finding


def _rows(name: str, found: NDArray[np.float64]) -> Iterator[tuple[str, ...]]:
    for place, ((method, scale), truth) in enumerate(truths_of(name).items()):
        value, error, low, high, p = found[:, place].T
        shown = f"{truth:.3f}"
        if scale in RATIOS:
            value, low, high, truth = (np.log(each) for each in (value, low, high, truth))
        result = measure_performance(value, error, truth, conf_low=low, conf_high=high, p_value=p)
        bias, coverage = result.bias, result.coverage
        relative = 100 * np.nanmean(error) / np.nanstd(value, ddof=1)
        yield (
            method, scale, shown, f"{bias.value:+.4f} ({bias.mcse:.4f})",
            f"{100 * coverage.value:.1f} ({100 * coverage.mcse:.1f})"
            + (", biased" if method in MECHANISMS[name].biased else ""),
            f"{relative:.0f}", f"{np.isfinite(value).sum():,}",
        )  # fmt: skip


if __name__ == "__main__":
    main()
