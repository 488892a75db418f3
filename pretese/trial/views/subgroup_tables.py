"""Tables of subgroups: effects, power of the interaction, claims."""

from typing import Any

from rich.table import Table

from pretese.trial.views.measure_words import cell, narrow_table
from pretese.trial.views.performance_tables import point_words

#: Heads of `subgroup_effect_rows`.
EFFECT_HEADS = ("subgroup", "share, %", "true effect", "of others", "power, %")

#: Heads of `subgroup_interaction_rows`.
INTERACTION_HEADS = (
    "subgroup", "risk diff.", "power, %", "approx., %", "log odds", "power, %", "approx., %",
)  # fmt: skip


def subgroup_effects_table(point: dict[str, Any]) -> Table:
    """Return the effect in each subgroup and in the other participants, and its power."""
    table = narrow_table(f"Subgroups, {point_words(point)}")
    claims = bool(point["subgroup_claims"])
    _columns(table, (*EFFECT_HEADS, "claimed, %") if claims else EFFECT_HEADS)
    for cells in subgroup_effect_rows(point):
        table.add_row(*cells)
    return table


def subgroup_effect_rows(point: dict[str, Any]) -> list[list[str]]:
    """Return one row per subgroup; the last cell, of claims, only where they are planned."""
    return [
        [
            row["subgroup"], f"{100 * row['share_of_participants']['value']:.1f}",
            *(cell(row[part]["true_difference"]) for part in ("members", "others")),
            cell(row["members"]["power"], share=True, counted=True),
            *([cell(row["claimed"], share=True, counted=True)] if row["claimed"] else []),
        ]
        for row in point["subgroups"]
    ]  # fmt: skip


def subgroup_interactions_table(point: dict[str, Any]) -> Table:
    """Return the power of the test of interaction on both scales."""
    table = narrow_table(f"Interaction of treatment and subgroup, {point_words(point)}")
    _columns(table, INTERACTION_HEADS)
    for cells in subgroup_interaction_rows(point):
        table.add_row(*cells)
    return table


def subgroup_interaction_rows(point: dict[str, Any]) -> list[list[str]]:
    """Return one row per subgroup: true interaction, simulated and approximate power, by scale."""
    return [
        [
            row["subgroup"],
            *(
                words
                for scale in ("risk_difference", "log_odds_ratio")
                for words in _scale_cells(row["interaction"][scale])
            ),
        ]
        for row in point["subgroups"]
    ]


def _scale_cells(found: dict[str, Any]) -> tuple[str, str, str]:
    power = cell(found["power"], share=True, counted=True)
    return f"{found['true']:z.3f}", power, f"{100 * found['closed_form']:.1f}"


def subgroup_claims_table(points: list[dict[str, Any]]) -> Table:
    """Return the probabilities of claims about subgroups, and of false ones, at every point."""
    rule = points[0]["subgroup_claims"]
    table = narrow_table(f"Claims about subgroups ({rule['method']}), % of replicates")
    table.add_column("participants\neffect", overflow="fold")
    for point in points:
        table.add_column(f"{point['participants']}\n{point['effect_percent']:g} %", justify="right")
    for words, cells in subgroup_claim_rows(points):
        table.add_row(words, *cells)
    return table


def subgroup_claim_rows(points: list[dict[str, Any]]) -> list[tuple[str, list[str]]]:
    """Return at least one claim, all claims, and the largest family-wise error, at every point."""
    found = [point["subgroup_claims"] for point in points]
    rows = [
        (words, [cell(each[name], share=True, counted=True) for each in found])
        for name, words in (("any", "at least one claim"), ("all", "all claims"))
    ]
    worst = [max(each["errors"], key=lambda e: float(e["value"])) for each in found]
    errors = [cell(each, share=True, counted=True) for each in worst]
    whole = [cell(each["errors"][0], share=True, counted=True) for each in found]
    return [
        *rows,
        ("false claim, no effect in any subgroup", whole),
        ("largest over sets of null hypotheses", errors),
    ]


def _columns(table: Table, heads: tuple[str, ...]) -> None:
    for k, words in enumerate(heads):
        table.add_column(words, justify="right" if k else "left", overflow="fold")
