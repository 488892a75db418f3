"""The results of a recovery study as one page of Markdown.

``python -m pretese.recovery.results.recovery_page FOLDER`` prints it.

The page of the shipped library is `docs/explanation/recovery.md`.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd

from pretese.recovery.design.study_cases import ScenarioGrid, cell_name
from pretese.recovery.design.study_spec import OF, StudySpec
from pretese.recovery.results.verdicts import NOMINAL, SHORT
from pretese.recovery.work.transported_numbers import transported_of
from protocol.reading.documents import parse_json, read_text

#: Sign in a cell of the overview, by expected and found verdict.
_SIGNS = {
    ("unbiased", "unbiased"): "yes",
    ("biased", "biased"): "no",
    ("none", "unbiased"): "(yes)",
    ("none", "biased"): "(no)",
    ("biased", "undecided"): "?",
}


def write_page(spec: StudySpec, verdicts: pd.DataFrame, replicates: int) -> str:
    """Return the page of a study.

    Parameters
    ----------
    verdicts
        Rows of ``verdicts.csv``.
    """
    parts = [*_head(spec, verdicts, replicates), *_overview(spec, verdicts)]
    for name in spec.cases:
        parts += _case(spec, name, verdicts[verdicts["case"] == name])
    for name, grid in spec.grids.items():
        parts += _grid(name, grid, spec, verdicts)
    parts += _transported(spec)
    return "\n\n".join(parts) + "\n"


def _head(spec: StudySpec, verdicts: pd.DataFrame, replicates: int) -> Iterator[str]:
    tolerance = spec.tolerance
    yield "# What each analysis recovers"
    yield (
        "Written by `pretese recover` (`results/recovery.md`) from what it found; not by hand. "
        f"Again: `pretese recover --replicates {replicates} --out out/recover`."
    )
    yield (
        f"{spec.aim} Seed {spec.seed}, {replicates:,} replicates of every case; true effects over "
        f"{spec.truth_patients:,} patients. A method is called *unbiased* if its bias is within "
        f"{tolerance.chance} Monte Carlo standard errors or {tolerance.bias_percent:g} % of its "
        "empirical standard error, if the coverage of its 95 % intervals is within "
        f"{tolerance.coverage_percent:g} percentage point (and Monte Carlo error) of 95 %, and if "
        "it gives an estimate in at least 95 % of the replicates; otherwise it is called *biased*. "
        "The library states the expected verdict of each method."
    )
    repeated = repeated_analyses(verdicts) & verdicts["case"].isin(spec.cases)
    if repeated.any():
        again = ", ".join(dict.fromkeys(verdicts.loc[repeated, "case"]))
        yield (
            f"{repeated.sum()} analyses ({again}) have results identical to those of another "
            "case, because patients and outcomes are the same. They are counted once below."
        )
    verdicts = verdicts[~repeated]
    expected = verdicts[verdicts["expected"] != "none"]
    unexpected = expected[expected["unexpected"]]
    if unexpected.empty:
        yield (
            f"The library states an expected verdict for {len(expected)} of {len(verdicts)} "
            f"analyses ({(expected['expected'] == 'biased').sum()} biased). "
            "Every verdict is as expected."
        )
    else:
        words = [", ".join(row) for row in unexpected[[*_NAMES, "verdict"]].to_numpy()]
        yield f"**Unexpected verdicts** ({len(unexpected)} of {len(expected)}):"
        yield "\n".join(f"* {each}" for each in words)


#: Numbers that two analyses share only if they are one experiment.
_RESULT = ["plan", "method", "scale", "truth", "bias", "empirical_se", "coverage"]


def repeated_analyses(verdicts: pd.DataFrame) -> "pd.Series[bool]":
    """Return which rows repeat an analysis of an earlier case in every number.

    Scenarios that differ only in numbers that a plan does not use are one experiment.
    """
    return verdicts.duplicated(_RESULT) & verdicts["bias"].notna()


_NAMES = ["case", "plan", "method", "scale"]


def _overview(spec: StudySpec, verdicts: pd.DataFrame) -> Iterator[str]:
    yield "## Overview"
    yield (
        "yes: unbiased; no: biased, as expected; in brackets: no verdict was expected; ?: bias "
        "was expected and is neither detected nor excluded; !: unexpected. Where scales differ, "
        "the "
        "signs follow the order of the tables below."
    )
    here = verdicts[verdicts["case"].isin(spec.cases)]
    columns = list(dict.fromkeys(zip(here["case"], here["plan"], strict=True)))
    methods = [m for m in dict.fromkeys(here["method"]) if OF not in m]
    cells = {
        key: " ".join(dict.fromkeys(map(_sign, group.itertuples())))
        for key, group in here.groupby(["case", "plan", "method"], sort=False)
    }
    yield _table(
        ["case, plan", *methods],
        (
            [f"{case}, {plan}", *(cells.get((case, plan, m), "") for m in methods)]
            for case, plan in columns
            if any((case, plan, m) in cells for m in methods)
        ),
    )


def _sign(row: Any) -> str:
    return "!" if row.unexpected else _SIGNS[row.expected, row.verdict]


def _case(spec: StudySpec, name: str, verdicts: pd.DataFrame) -> Iterator[str]:
    yield f"## {name}"
    yield spec.cases[name].question
    heads = ["plan", "method", "", "truth", "bias (MCSE)", "bias / SE", "coverage % (MCSE)", ""]
    yield _table(heads, (_row(each) for each in verdicts.itertuples()))
    for bias in spec.cases[name].biased:
        yield f"* {bias.plan}: expected bias of {', '.join(bias.methods)}: {bias.reason}."


def _row(each: Any) -> list[str]:
    verdict = each.verdict if each.expected != "none" else f"({each.verdict})"
    return [
        each.plan,
        each.method,
        SHORT[each.scale],
        f"{each.truth:z.3f}",
        f"{each.bias:+z.3f} ({each.bias_mcse:.3f})",
        f"{each.bias / each.empirical_se:+z.2f}",
        f"{100 * each.coverage:.1f} ({100 * each.coverage_mcse:.1f})",
        f"**{verdict}, unexpected**" if each.unexpected else verdict,
    ]


def _grid(name: str, grid: ScenarioGrid, spec: StudySpec, verdicts: pd.DataFrame) -> Iterator[str]:
    yield f"## {name}"
    plan = spec.plans[grid.plan]
    scale = plan.scales[0]
    found = {
        (each.case, each.method): each
        for each in verdicts.itertuples()
        if each.scale == scale and each.plan == grid.plan
    }
    yield (
        f"Coverage in percent and bias in standard errors of the {scale}. Down: "
        f"{grid.down.label}; across: {grid.across.label}. The worst coverage is in bold."
    )
    for method in (m for m in plan.methods if (cell_name(name, 1, 1), m) in found):
        rows = [
            [found[cell_name(name, i, j), method] for j in range(1, len(grid.across.given) + 1)]
            for i in range(1, len(grid.down.given) + 1)
        ]
        worst = max(chain(*rows), key=_off)
        body = (
            [tick, *(_cell(each, each is worst) for each in row)]
            for tick, row in zip(grid.down.given, rows, strict=True)
        )
        yield _table([method, *grid.across.given], body)


def _transported(spec: StudySpec) -> Iterator[str]:
    found = transported_of(spec)
    groups = list(found.shared)
    if not groups:
        return
    yield "## Transported numbers"
    yield (
        "Numbers of the scenarios that were published for other patients or doses, by source. "
        "That they hold for the simulated patients is an assumption of every case; `manifest.json` "
        "lists each number with its value, range and source."
    )
    everywhere = len(found.by_scenario)
    yield _table(
        ["published for", "under", "numbers", "scenarios"],
        (
            [origin.from_population, origin.from_dose, origin.names,
             "all" if len(names) == everywhere else ", ".join(names)]
            for origin, names in groups
        ),
    )  # fmt: skip
    yield "Used for:"
    used: dict[tuple[str, str], list[str]] = {}
    for name, each in found.by_scenario.items():
        used.setdefault((each.to_population, each.to_dose), []).append(name)
    yield _table(
        ["scenarios", "simulated patients", "therapy"],
        ([", ".join(names), *place] for place, names in used.items()),
    )


def _off(each: Any) -> float:
    return abs(float(each.coverage) - NOMINAL)


def _cell(each: Any, worst: bool) -> str:
    text = f"{100 * each.coverage:.1f}, {each.bias / each.empirical_se:+z.2f}"
    return f"**{text}**" if worst else text


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def page_of_folders(folders: Sequence[str]) -> str:
    """Return the page of one study, or of the parts of a study in several folders."""
    facts = [parse_json(read_text(Path(f) / "manifest.json"), f) for f in folders]
    specs = [StudySpec.model_validate(each["study"]) for each in facts]
    spec = specs[0].model_copy(
        update={
            field: {name: one for each in specs for name, one in getattr(each, field).items()}
            for field in ("plans", "cases", "grids")
        }
    )
    verdicts = pd.concat([pd.read_csv(Path(f) / "verdicts.csv") for f in folders])
    return write_page(spec, verdicts, min(each["replicates"] for each in facts))


if __name__ == "__main__":
    sys.stdout.write(page_of_folders(sys.argv[1:]))
