"""A group-sequential design on a screen: one row per analysis, then what it costs."""

from itertools import accumulate
from typing import Any


def boundary_page(document: dict[str, Any]) -> str:
    """Return a design as text, from the plain values of `boundary_document`."""
    side = "one-sided" if document["sides"] == 1 else "two-sided"
    lines = [
        f"{document['name']}; {side} alpha {document['alpha']:g}, power {document['power']:g}",
        "",
        "look  information    upper    lower  nominal p  alpha spent  power spent",
    ]
    for row, power in zip(document["looks"], power_spent(document), strict=True):
        bounds = f"{_z(row['upper'])}  {_z(row['lower'])}  {row['nominal_p']:9.6f}"
        place = f"{row['look']:4d}  {row['information_rate']:11.4f}"
        lines.append(f"{place}  {bounds}  {row['alpha_spent']:11.6f}  {power:11.4f}")
    expected = document["expected_rate_under_alternative"]
    lines += [
        "",
        f"inflation               {document['inflation']:.4f}  largest size over the fixed size",
        f"expected, alternative   {expected:.4f}  of the fixed size",
        f"expected, no effect     {document['expected_rate_under_null']:.4f}  of the fixed size",
    ]
    return "\n".join(lines + (_size_lines(document["men"]) if "men" in document else []))


def power_spent(document: dict[str, Any]) -> list[float]:
    """Return the probability of rejecting at each analysis or before, under the alternative."""
    return list(accumulate(row["rejects_under_alternative"] for row in document["looks"]))


def _size_lines(size: dict[str, Any]) -> list[str]:
    at_looks = ", ".join(str(n) for n in size["per_arm_at_look"])
    return [
        "",
        f"risks {size['treated']:g} against {size['control']:g}, pooled z test, 1:1",
        f"men per arm at each look      {at_looks}  (fixed: {size['per_arm_fixed']}; closed form)",
        f"exact power                   {size['exact_power']:.4f}",
        f"exact type I error            {size['exact_type_1_error']:.4f}  at the control risk",
        f"exact expected men, both arms {size['exact_expected_men_under_alternative']:.1f}",
    ]


def _z(boundary: float | None) -> str:
    return "      -" if boundary is None else f"{boundary:z7.4f}"
