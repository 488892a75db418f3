"""FORMS: the formats in which a design can be exported."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from protocol.errors import InputError

if TYPE_CHECKING:  # a help text that lists the forms imports no design
    from pretese.trial.bayesian.design.design_file import BayesianDesign
    from pretese.trial.design.design_file import DesignFile
    from pretese.trial.exchange.outline import TrialOutline
    from pretese.trial.multi_arm.design.design_file import MultiArmDesign


def _synopsis(outline: "TrialOutline") -> str:
    from pretese.trial.exchange.synopsis import synopsis

    return synopsis(outline)


def _usdm(outline: "TrialOutline") -> str:
    from pretese.io.text.json_text import to_json
    from pretese.trial.exchange.usdm import usdm

    return to_json(usdm(outline)) + "\n"


#: Name of a format to the function that writes it.
FORMS: dict[str, Callable[["TrialOutline"], str]] = {"synopsis": _synopsis, "usdm": _usdm}


def show_design(design: "DesignFile | MultiArmDesign | BayesianDesign", form: str) -> str:
    """Return a design in one of the formats.

    Raises
    ------
    InputError
        The format does not exist.
    """
    from pretese.trial.exchange.outline import outline_of

    if form not in FORMS:
        cure = f"give {' or '.join(FORMS)}"
        raise InputError.of("form", "", f"there is no format {form!r}", cure)
    return FORMS[form](outline_of(design))
