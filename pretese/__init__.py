"""Gonadotropin therapy before micro-TESE: decide, simulate, estimate, plan trials.

The public interface, in order of typical use; `help(pretese.NAME)` says more of each:

========================  =========================================================================
`regimen`                 a protocol as data: what it recommends for a patient, schedule, proof
`audit`                   what was given, compared with what the regimen recommended
`scenario`                simulated cohorts whose truth is known, true effects, a clinic's calendar
`plan`, `analyse`         an analysis plan, and the estimates of any table of patients by it
`recover`                 does an analysis recover an effect that is known by construction?
`design`                  a planned trial: power, required size, interim analyses
`boundaries`              group-sequential boundaries and sample sizes
`report`                  a power study as one page
`reproduce`, `calibrate`  the published study beside its simulated twin, and its calibration
`estimators`              stand-alone estimators and sample-size formulas, by name
`shipped`                 names of everything that comes with the program
`InputError`              the one error of bad input
========================  =========================================================================

Importing `pretese` loads nothing heavy and changes nothing in the caller's process.
"""

import importlib
from typing import Any

#: Public name to the module that defines it; loaded when it is asked for.
_PUBLIC = {
    "regimen": "pretese.api.protocols.regimens",
    "audit": "pretese.api.protocols.audits",
    "scenario": "pretese.api.simulation.scenarios",
    "plan": "pretese.api.analysis.analyses",
    "analyse": "pretese.api.analysis.analyses",
    "recover": "pretese.api.analysis.recoveries",
    "design": "pretese.api.trials.designs",
    "boundaries": "pretese.api.trials.group_sequential",
    "report": "pretese.api.trials.designs",
    "reproduce": "pretese.api.simulation.reproduction",
    "calibrate": "pretese.api.simulation.reproduction",
    "estimators": "pretese.api.estimators.catalogue",
    "shipped": "pretese.api.shipped_names",
    "InputError": "protocol.errors",
}

__all__ = [*_PUBLIC, "__version__"]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for (PEP 562)."""
    if name == "__version__":
        from importlib.metadata import version

        return version("pretese")
    if name not in _PUBLIC:
        raise AttributeError(f"module 'pretese' has no public name {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    """Return the public names in order of typical use."""
    return __all__
