"""Transported numbers of a scenario: published for other patients or doses than are simulated.

This is the one list of them. Each has the population and the dose of its source, and those for
which the scenario uses it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from protocol.reading.documents import Document
from protocol.regimen.load import load_regimen
from protocol.regimen.parts import Order
from protocol.regimen.rules import Regimen
from protocol.shorten import shorten_text
from simulate.core.coding import ARMS
from simulate.scenario.parameter_paths import parameters
from simulate.scenario.scenario_file import Scenario, Target
from simulate.scenario.sections.parameter import Amount

Text = Annotated[str, Field(min_length=1, max_length=1000)]


class TransportedNumber(Document):
    """A number of another population or dose, with its range.

    ``number`` is the dotted path of an ``input`` of the simulation, or the name of a calibration
    ``target``, which has no unit and the range of its tolerance. ``from_population`` and
    ``from_dose`` say in whom and under which therapy the source measured.
    """

    number: Text
    role: Literal["input", "target"]
    value: Amount
    unit: str | None
    low: Amount
    high: Amount
    source: Text
    from_population: Text
    from_dose: Text


class Transported(Document):
    """All transported numbers of a scenario, and for whom and which therapy it uses them."""

    to_population: str
    to_dose: str
    numbers: tuple[TransportedNumber, ...]

    @property
    def origins(self) -> "tuple[Origin, ...]":
        """The numbers by the population and dose of their source, in the order of the file."""
        key = attrgetter("from_population", "from_dose")
        order = {key(each): place for place, each in reversed(list(enumerate(self.numbers)))}
        grouped = groupby(sorted(self.numbers, key=lambda each: order[key(each)]), key)
        return tuple(Origin(*place, tuple(numbers)) for place, numbers in grouped)

    @property
    def note(self) -> str:
        """How many there are, and from how many sources to whom, in a sentence; empty if none."""
        if not self.numbers:
            return ""
        one = len(self.numbers) == 1
        return (
            f"{len(self.numbers)} number{'' if one else 's'} of the scenario "
            f"{'is' if one else 'are'} transported: published for other patients or doses "
            f"({len(self.origins)} groups) than {self.to_population} ({self.to_dose})."
        )


@dataclass(frozen=True, slots=True)
class Origin:
    """The transported numbers that one source population and dose gave."""

    from_population: str
    from_dose: str
    numbers: tuple[TransportedNumber, ...]

    @property
    def names(self) -> str:
        """Their names without the first section, and points of one curve once."""
        return ", ".join(dict.fromkeys(_short(each.number) for each in self.numbers))


def transported_numbers(
    scenario: Scenario, targets: tuple[TransportedNumber, ...] = ()
) -> Transported:
    """Return every transported input and target of a scenario, in the order of its file.

    Parameters
    ----------
    targets
        Targets of calibration records that the scenario inherits.

    Examples
    --------
    >>> from simulate.scenario.load import load_scenario
    >>> found = transported_numbers(load_scenario("paper"))
    >>> by_name = {each.number: each for each in found.numbers}
    >>> by_name["physiology.suppressible_share"].from_population
    '28 patients after a failed micro-TESE'
    >>> found.to_dose[:40]
    'treated: hCG 2000 IU every 2 days; or uF'
    """
    own = tuple(_targets(scenario))
    known = {each.number for each in own}
    inherited = tuple(each for each in targets if each.number not in known)
    return Transported(
        to_population=" ".join((scenario.simulated_population or "").split()),
        to_dose=therapy_words(scenario),
        numbers=(*_inputs(scenario), *own, *inherited),
    )


def _inputs(scenario: Scenario) -> Iterator[TransportedNumber]:
    for path, each in parameters(scenario).items():
        if each.status == "transported" and each.sweep is not None:
            yield TransportedNumber(
                number=path, role="input", value=each.value, unit=each.unit, low=each.sweep[0],
                high=each.sweep[1], source=each.source,
                from_population=each.from_population or "", from_dose=each.from_dose or "",
            )  # fmt: skip


def _targets(scenario: Scenario) -> Iterator[TransportedNumber]:
    for each in scenario.targets:
        if isinstance(each, Target) and each.from_population and each.from_dose:
            yield TransportedNumber(
                number=each.number, role="target", value=each.value, unit=None,
                low=round(each.value - each.half_unit, 9),
                high=round(each.value + each.half_unit, 9), source=each.source,
                from_population=each.from_population, from_dose=each.from_dose,
            )  # fmt: skip


def therapy_words(scenario: Scenario) -> str:
    """Return the drugs and doses of both arms in words, without arms that have no drug."""
    found = ((arm, _regimen_words(scenario.arms[arm].regimen)) for arm in reversed(ARMS))
    return "; ".join(f"{arm}: {words}" for arm, words in found if words) or "no therapy"


def _regimen_words(regimen: str) -> str:
    loaded = load_regimen(regimen)
    phases = [" and ".join(_orders(loaded, phase.orders)) for phase in loaded.phases]
    words = "; or ".join(each for each in phases if each)
    name = shorten_text(Path(regimen).stem, 60)
    return f"{words}, {loaded.months} months ({name})" if words else ""


def _orders(regimen: Regimen, orders: tuple[Order, ...]) -> Iterator[str]:
    for (drug, dose, unit), group in groupby(orders, lambda one: (one.drug, one.dose, one.unit)):
        same = tuple(group)
        rhythm = " and ".join(dict.fromkeys(each.rhythm for each in same))
        times = f"{len(same)} times " if len(same) > 1 else ""
        yield f"{regimen.drugs[drug].name} {dose:g} {unit} {times}{rhythm}"


def _short(number: str) -> str:
    """Return a name without its first section; a point of a curve has the name of the curve."""
    parts = number.split(".")
    place = next((at for at, part in enumerate(parts) if part.isdecimal()), len(parts))
    return ".".join(parts[1:place])
