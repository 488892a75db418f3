"""Effective treatments in simulated trials: all as planned, none, or only one."""

from dataclasses import dataclass
from typing import Literal

from pretese.trial.multi_arm.design.design_file import MultiArmDesign

#: Patients in whom a treatment has an effect.
WorksIn = Literal["everyone", "members", "others"]


@dataclass(frozen=True, slots=True)
class Configuration:
    """Effects of the arms.

    Attributes
    ----------
    name
        Label in tables.
    acts_as
        (arm,) index of the arm whose potential outcomes each arm has; 0 is the control.
    nulls
        (comparison,) whether its null hypothesis is true.
    works_in
        Patients in whom treatments are effective: members of the population of an enrichment, the
        others, or all.
    """

    name: str
    acts_as: tuple[int, ...]
    nulls: tuple[bool, ...]
    works_in: WorksIn = "everyone"


def arm_configurations(design: MultiArmDesign) -> list[Configuration]:
    """Return the plan, the global null, and each treatment as the only effective one.

    With a single effective treatment, false rejections of the others are most likely.
    """
    if design.enrichment:
        return _of_populations(design.enrichment.population.name)
    arms = len(design.names)
    found = {"as planned": tuple(range(arms)), "no treatment works": (0,) * arms}
    if design.factorial:
        first, second, both = (
            design.names.index(name)
            for name in (design.factorial.first, design.factorial.second, design.factorial.both)
        )
        for works in (first, second):
            found[f"only {design.names[works]} works"] = tuple(
                works if arm in {works, both} else 0 for arm in range(arms)
            )
    elif arms > 2:
        for works in range(1, arms):
            found[f"only {design.names[works]} works"] = tuple(
                works if arm == works else 0 for arm in range(arms)
            )
    return [
        Configuration(name, acts_as, _nulls(design, acts_as)) for name, acts_as in found.items()
    ]


def _of_populations(name: str) -> list[Configuration]:
    """Return the plan, the global null, and a treatment effective in one part of the patients."""
    return [
        Configuration("as planned", (0, 1), (False, False)),
        Configuration("no treatment works", (0, 0), (True, True)),
        Configuration(f"works only in {name}", (0, 1), (False, False), "members"),
        Configuration(f"works only outside {name}", (0, 1), (False, True), "others"),
    ]


def _nulls(design: MultiArmDesign, acts_as: tuple[int, ...]) -> tuple[bool, ...]:
    if design.factorial is None:
        return tuple(_same(design, acts_as[arm], acts_as[0]) for arm in range(1, len(acts_as)))
    first, second, both = (
        acts_as[design.names.index(name)]
        for name in (design.factorial.first, design.factorial.second, design.factorial.both)
    )
    # A main effect is absent if the treatment has no effect, with or without the other one.
    return (
        _same(design, first, acts_as[0]) and _same(design, both, second),
        _same(design, second, acts_as[0]) and _same(design, both, first),
    )


def _same(design: MultiArmDesign, one: int, other: int) -> bool:
    if one == other:
        return True
    of = design.risks_percent or design.arms or {}
    return of[design.names[one]] == of[design.names[other]]
