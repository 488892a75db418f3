"""FORMS: in which a design can be shown to others."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from protocol.errors import InputError

if TYPE_CHECKING:  # a help text that lists the forms reads no design
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


#: Name of a form to what writes it.
FORMS: dict[str, Callable[["TrialOutline"], str]] = {"synopsis": _synopsis, "usdm": _usdm}


def show_design(design: "DesignFile | MultiArmDesign | BayesianDesign", form: str) -> str:
    """Return a design in one of the forms.

    Raises
    ------
    InputError
        There is no such form.
    """
    from pretese.trial.exchange.outline import outline_of

    if form not in FORMS:
        cure = f"give {' or '.join(FORMS)}"
        raise InputError.of("form", "", f"{form!r} is not a form", cure)
    return FORMS[form](outline_of(design))
