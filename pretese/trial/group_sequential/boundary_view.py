"""Console view of a group-sequential design: one row per analysis, then sample sizes."""

from itertools import accumulate
from textwrap import wrap
from typing import Any


def boundary_page(document: dict[str, Any]) -> str:
    """Return a design as text, from the plain values of `boundary_document`."""
    side = "one-sided" if document["sides"] == 1 else "two-sided"
    title = f"{document['name']}; {side} alpha {document['alpha']:g}, power {document['power']:g}"
    harm = [row["harm"] for row in document["analyses"] if row["harm"] is not None]
    lines = [
        *wrap(title, 80, subsequent_indent="  ", break_on_hyphens=False),
        "",
        "analysis  information    upper    lower  nominal p  alpha spent  power spent",
    ]
    for row, power in zip(document["analyses"], power_spent(document), strict=True):
        boundaries = f"{_z(row['upper'])}  {_z(row['lower'])}  {row['nominal_p']:9.6f}"
        place = f"{row['analysis']:8d}  {row['information_rate']:11.4f}"
        lines.append(f"{place}  {boundaries}  {row['alpha_spent']:11.6f}  {power:11.4f}")
    if harm:
        bounds = ", ".join(_z(each).strip() for each in harm)
        lines += ["", f"harm boundaries               {bounds}  (z, at interim analyses)"]
    expected = document["expected_rate_under_alternative"]
    lines += [
        "",
        f"inflation factor              {document['inflation']:.4f}",
        f"expected size, alternative    {expected:.4f}  of the fixed-sample size",
        f"expected size, no effect      {document['expected_rate_under_null']:.4f}  "
        "of the fixed-sample size",
    ]
    size = document.get("participants")
    return "\n".join(lines + (_size_lines(size) if size else []))


def power_spent(document: dict[str, Any]) -> list[float]:
    """Return the cumulative probability of rejection at each analysis, under the alternative."""
    return list(accumulate(row["rejects_under_alternative"] for row in document["analyses"]))


def _size_lines(size: dict[str, Any]) -> list[str]:
    per_arm = ", ".join(str(n) for n in size["per_arm_at_analysis"])
    risks = f"{100 * size['treated']:g} % (treated) and {100 * size['control']:g} % (control)"
    return [
        "",
        f"event risks {risks}, {_test(size['null'])}, 1:1",
        f"participants per arm          {per_arm}  (fixed sample: {size['per_arm_fixed']})",
        f"exact power                   {size['exact_power']:.4f}",
        f"exact type I error            {size['exact_type_1_error']:.4f}  {_where(size['null'])}",
        "exact expected participants   "
        f"{size['exact_expected_participants_under_alternative']:.1f}  both arms",
        *_prior_lines(size.get("under_prior")),
    ]


def _prior_lines(found: dict[str, Any] | None) -> list[str]:
    if found is None:
        return []
    how = "exact" if found["exact"] else "normal approximation"
    return [
        "",
        *wrap(f"Averaged over the prior ({found['prior']}; {how}):", 80),
        f"probability of success        {found['success']:.4f}",
        f"probability of benefit        {found['benefit']:.4f}",
        f"expected participants         {found['expected_participants']:.1f}  both arms",
    ]


def _test(null: float) -> str:
    if not null:
        return "pooled z test"
    kind = "non-inferiority" if null < 0 else "superiority"
    return f"score test, margin of {kind} {100 * abs(null):g} points"


def _where(null: float) -> str:
    return "at the margin" if null else "at the control risk"


def _z(boundary: float | None) -> str:
    return "      -" if boundary is None else f"{boundary:z7.4f}"
