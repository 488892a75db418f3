"""`pretese.scenario`: read a scenario by name or path, with other values of its numbers."""

from collections.abc import Mapping
from pathlib import Path

from pretese.api.arguments.argument_numbers import number_of
from pretese.api.simulation.scenarios import Scenario
from pretese.io.input.regimen_files import regimen_files
from protocol.errors import InputError
from protocol.shorten import shorten
from simulate.scenario.load import load


def scenario(
    name: str | Path = "paper", /, changes: Mapping[str, float] | None = None, **more: float
) -> Scenario:
    """Return a scenario: synthetic patients whose potential outcomes are known.

    Parameters
    ----------
    name
        A shipped scenario (`pretese.shipped` lists them), or the path of your own YAML file.
    changes
        Other values of its numbers, by dotted path: the option ``--set`` of the commands.
    **more
        The same as keyword arguments, where that is shorter:
        ``scenario("paper", **{"fertility.willing_share": 0.5})``.

    Raises
    ------
    InputError
        There is no such scenario or number, a value is outside its range, the file has faults, or
        its calibration record is missing or belongs to other numbers.

    Examples
    --------
    >>> import pretese
    >>> paper = pretese.scenario("paper")
    >>> paper
    <Scenario: paper, 569 patients, fsh-guided against no-therapy>
    >>> cohort = paper.simulate(patients=50, seed=3)
    >>> cohort
    <Cohort: paper, 50 patients, seed 3>
    >>> len(cohort.patients), sorted(cohort.tables)[:3]
    (50, ['cycles', 'injections', 'operations'])
    """
    if not isinstance(name, str | Path):
        cure = "give the name of a shipped scenario, or a path"
        raise InputError.of("scenario", "", f"{shorten(name)} is not a name", cure)
    asked = {**(changes or {}), **more}
    values = {str(key): number_of(value, str(key)) for key, value in asked.items()}
    loaded = load(name, values, where="changes")
    return Scenario(loaded, values, regimen_files(loaded.scenario))
