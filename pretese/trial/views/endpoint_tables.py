"""Tables of several endpoints: each endpoint separately, and the family of tests."""

from typing import Any

from rich.table import Table

from pretese.trial.views.measure_words import cell, narrow_table
from pretese.trial.views.performance_tables import point_words
from simulate.labels import label_of


def endpoints_table(point: dict[str, Any]) -> Table:
    """Return each endpoint with its true effect, estimate, bias and power."""
    table = narrow_table(f"Endpoints, {point_words(point)}")
    table.add_column("endpoint", overflow="fold")
    heads = ["true effect", "estimate", "bias", "power\nalone, %"]
    several = point["family"]["method"] != "none"
    for words in [*heads, "in family,\n%"] if several else heads:
        table.add_column(words, justify="right")
    for row in point["endpoints"]:
        numbers = [cell(row[name]) for name in ("truth", "estimate", "bias")]
        shares = ("alone", "claimed") if several else ("alone",)
        table.add_row(
            label_of(row["name"]), *numbers, *(cell(row[each], share=True) for each in shares)
        )
    return table


def family_table(points: list[dict[str, Any]]) -> Table:
    """Return the probabilities of any claim, of all claims, and of false claims, at every point."""
    method = points[0]["family"]["method"]
    how = "each at full alpha" if method == "none" else method
    table = narrow_table(f"All endpoints together ({how}), % of replicates")
    table.add_column("participants\neffect", overflow="fold")
    for point in points:
        table.add_column(f"{point['participants']}\n{point['effect_percent']:g} %", justify="right")
    for name, words in (("any", "at least one claim"), ("all", "all claims")):
        table.add_row(words, *(cell(p["family"][name], share=True) for p in points))
    found = [{tuple(e["nulls"]): e for e in p["family"]["errors"]} for p in points]
    for nulls in _shown(max(found, key=len)):
        cells = [cell(each[nulls], share=True) if nulls in each else "" for each in found]
        table.add_row(f"false claim, no effect on {', '.join(map(label_of, nulls))}", *cells)
    return table


def _shown(errors: dict[tuple[str, ...], dict[str, Any]]) -> list[tuple[str, ...]]:
    """Return the global null and the partial nulls; of many, that with the largest error."""
    whole, *others = errors
    if len(others) > 6:
        others = [max(others, key=lambda nulls: float(errors[nulls]["value"]))]
    return [whole, *others]
