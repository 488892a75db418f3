"""All a scenario file may say, section by section: `Scenario` holds them all."""

from simulate.scenario.body import Kinetics, Physiology, ResponsePoint
from simulate.scenario.care import Fertility, Laboratory, Surgery
from simulate.scenario.choice import Arm, Behaviour, Choice, ChoiceTerm
from simulate.scenario.file import Scenario, Target, read_scenario
from simulate.scenario.measurement import MISSING_BY, Measurement
from simulate.scenario.men import Marginal, Pair, Population, correlation_matrix
from simulate.scenario.sperm import Prognosis, Spermatogenesis, Treatment

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
    "Surgery",
    "Target",
    "Treatment",
    "correlation_matrix",
    "read_scenario",
]
