"""Gonadotropin therapy before micro-TESE: decide, simulate, estimate, plan trials.

The public interface, in order of typical use; `help(pretese.NAME)` describes each:

========================  =========================================================================
`regimen`                 a protocol as data: what it recommends for a patient, schedule, proof
`audit`                   what was given, compared with what the regimen recommended
`scenario`                simulated cohorts whose truth is known, true effects, a clinic's calendar
`fit_scenario`            a scenario fitted to your own table of patients, compared with it
`plan`, `analyse`         an analysis plan, and the estimates of any table of patients by it
`recover`                 does an analysis recover an effect that is known by construction?
`design`                  a planned trial: power, required size, interim analyses
`boundaries`              group-sequential boundaries and sample sizes
`report`                  a power study as one page
`reproduce`, `calibrate`  the published study and its simulation, and its calibration
`evidence`                published studies as data, selected and pooled
`validate`                this installation, compared with reference values of other programs
`estimators`              stand-alone estimators and sample-size formulas, by name
`shipped`                 names of everything that comes with the program
`InputError`              the one error of bad input
========================  =========================================================================

Importing `pretese` loads nothing heavy and changes nothing in the caller's process.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # loaded on first use; type checkers see the imports directly
    from pretese.api.analysis.analyses import analyse as analyse
    from pretese.api.analysis.analyses import plan as plan
    from pretese.api.analysis.recoveries import recover as recover
    from pretese.api.estimators.catalogue import estimators as estimators
    from pretese.api.evidence.published_evidence import evidence as evidence
    from pretese.api.protocols.audits import audit as audit
    from pretese.api.protocols.read_regimen import regimen as regimen
    from pretese.api.shipped_names import shipped as shipped
    from pretese.api.simulation.calibration import calibrate as calibrate
    from pretese.api.simulation.fits import fit_scenario as fit_scenario
    from pretese.api.simulation.read_scenario import scenario as scenario
    from pretese.api.simulation.reproduction import reproduce as reproduce
    from pretese.api.trials.group_sequential import boundaries as boundaries
    from pretese.api.trials.power_parts import report as report
    from pretese.api.trials.read_design import design as design
    from pretese.validation.installation import validate as validate
    from protocol.errors import InputError as InputError

#: Public name to the module that defines it; loaded on first use.
_PUBLIC = {
    "regimen": "pretese.api.protocols.read_regimen",
    "audit": "pretese.api.protocols.audits",
    "scenario": "pretese.api.simulation.read_scenario",
    "fit_scenario": "pretese.api.simulation.fits",
    "plan": "pretese.api.analysis.analyses",
    "analyse": "pretese.api.analysis.analyses",
    "recover": "pretese.api.analysis.recoveries",
    "design": "pretese.api.trials.read_design",
    "boundaries": "pretese.api.trials.group_sequential",
    "report": "pretese.api.trials.power_parts",
    "reproduce": "pretese.api.simulation.reproduction",
    "calibrate": "pretese.api.simulation.calibration",
    "evidence": "pretese.api.evidence.published_evidence",
    "validate": "pretese.validation.installation",
    "estimators": "pretese.api.estimators.catalogue",
    "shipped": "pretese.api.shipped_names",
    "InputError": "protocol.errors",
}

__all__ = [*_PUBLIC, "__version__"]


def __getattr__(name: str) -> Any:
    """Load a public name on first use (PEP 562)."""
    if name == "__version__":
        from importlib.metadata import version

        return version("pretese")
    if name not in _PUBLIC:
        raise AttributeError(f"module 'pretese' has no public name {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    """Return the public names in order of typical use."""
    return __all__
