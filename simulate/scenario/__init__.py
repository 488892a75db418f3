"""The format of scenario files by section; `Scenario` is the whole file."""

from simulate.scenario.scenario_file import Scenario, Target
from simulate.scenario.sections.endocrine import Kinetics, Physiology, ResponsePoint
from simulate.scenario.sections.enrolment import Marginal, Pair, Population, correlation_matrix
from simulate.scenario.sections.procedures import Fertility, Laboratory, Surgery
from simulate.scenario.sections.recording import MISSING_BY, Measurement
from simulate.scenario.sections.site import StudySite
from simulate.scenario.sections.sperm_production import Prognosis, Spermatogenesis, Treatment
from simulate.scenario.sections.therapy_arms import Arm, Behaviour, Choice, ChoiceTerm

__all__ = [
    "MISSING_BY",
    "Arm",
    "Behaviour",
    "Choice",
    "ChoiceTerm",
    "Fertility",
    "Kinetics",
    "Laboratory",
    "Marginal",
    "Measurement",
    "Pair",
    "Physiology",
    "Population",
    "Prognosis",
    "ResponsePoint",
    "Scenario",
    "Spermatogenesis",
    "StudySite",
    "Surgery",
    "Target",
    "Treatment",
    "correlation_matrix",
]
