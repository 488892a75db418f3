"""Numbers of the scenarios of a study that were published for other patients or doses."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pretese.recovery.design.study_spec import StudySpec
from simulate.scenario.load import load
from simulate.scenario.transported import Origin, Transported


@dataclass(frozen=True, slots=True)
class TransportedOfStudy:
    """Transported numbers by scenario; most scenarios of a study share them."""

    by_scenario: dict[str, Transported]

    @property
    def shared(self) -> Iterator[tuple[Origin, tuple[str, ...]]]:
        """Each group of numbers with the scenarios that use it."""
        users: dict[Origin, list[str]] = {}
        for name, found in self.by_scenario.items():
            for origin in found.origins:
                users.setdefault(origin, []).append(name)
        yield from ((origin, tuple(names)) for origin, names in users.items())

    @property
    def note(self) -> str:
        """How many there are, in a sentence; empty if none."""
        groups = [origin for origin, _ in self.shared]
        if not groups:
            return ""
        return (
            f"{sum(len(each.numbers) for each in groups)} numbers of the scenarios are transported "
            f"from other patients or doses ({len(groups)} groups); recovery.md lists them."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return whom each scenario simulates, and every number once with its scenarios."""
        return {
            "scenarios": {
                name: {"to_population": found.to_population, "to_dose": found.to_dose}
                for name, found in self.by_scenario.items()
            },
            "numbers": [
                {**number.model_dump(mode="json"), "scenarios": list(names)}
                for origin, names in self.shared
                for number in origin.numbers
            ],
        }


def transported_of(spec: StudySpec) -> TransportedOfStudy:
    """Return the transported numbers of the scenarios of a study."""
    names = sorted({case.scenario for case in spec.all_cases().values()})
    return TransportedOfStudy({name: load(name).transported for name in names})
