"""`pretese.regimen`: read a regimen and prove it."""

from pathlib import Path

from pretese.api.arguments.argument_numbers import number_of
from pretese.api.protocols.regimens import Regimen
from protocol.errors import InputError, ProofError
from protocol.regimen import load
from protocol.shorten import shorten


def regimen(name: str | Path = "fsh-guided", /, **parameters: float) -> "Regimen":
    """Return a regimen: a protocol as data, proved when it is read.

    Parameters
    ----------
    name
        A shipped regimen (`pretese.shipped` lists them), or the path of your own YAML file.
    **parameters
        Other values of the regimen's parameters, each in its declared unit: the option ``--set``
        of the commands. They become part of the regimen's SHA-256.

    Returns
    -------
    Regimen
        A regimen that can be read but not proved is also returned, so that `Regimen.verify` can
        report the reasons; its other methods raise `InputError`.

    Raises
    ------
    InputError
        There is no such regimen or parameter, or the file cannot be read.

    Examples
    --------
    >>> import pretese
    >>> guided = pretese.regimen("fsh-guided", testosterone_high=32)
    >>> guided
    <Regimen: fsh-guided 1.0.0, 3 months, 5 tables, 5 paths>
    >>> end_of_month_1 = {"month": 2, "previous_phase": "hcg", "fsh": 11.3}
    >>> decision = guided.decide(decision_date="2022-03-31", **end_of_month_1)
    >>> decision.outcome, decision.recommendation
    ('recommendation', 'hCG alone')
    """
    values = {key: number_of(value, key) for key, value in parameters.items()}
    if not isinstance(name, str | Path):
        cure = "give the name of a shipped regimen, or a path"
        raise InputError.of("regimen", "", f"{shorten(name)} is not a name", cure)
    try:
        return Regimen(str(name), load.load_regimen(str(name), values), (), values)
    except ProofError as error:
        return Regimen(str(name), None, error.faults)
