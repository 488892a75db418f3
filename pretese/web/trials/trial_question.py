"""The request of the trial page: its fields as arguments, a link, code and a design file."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import urlencode

from pretese.api import shipped_names
from pretese.api.simulation import read_scenario
from protocol.errors import InputError
from protocol.reading.numbers import read_number

#: Fields of the form with their defaults; a link contains all of them.
DEFAULTS = {
    "source": "rates",
    "control_percent": "19.5",
    "treated_percent": "31",
    "margin_percent": "0",
    "treatments": "1",
    "alpha_percent": "2.5",
    "power_percent": "80",
    "analyses": "1",
    "spending": "OF",
    "futility": "none",
    "dropout_percent": "0",
    "prior_sd_percent": "0",
}

SPENDING = ("OF", "Pocock", "HSD", "KD")
FUTILITY = ("none", "OF", "Pocock", "HSD", "KD")

#: Limits of each number: minimum, maximum.
LIMITS = {
    "control_percent": (0.1, 99.9),
    "treated_percent": (0.1, 99.9),
    "margin_percent": (0.0, 50.0),
    "treatments": (1, 3),
    "alpha_percent": (0.01, 20.0),
    "power_percent": (21.0, 99.9),
    "analyses": (1, 8),
    "dropout_percent": (0.0, 60.0),
    "prior_sd_percent": (0.0, 300.0),
}

#: Fields that are whole numbers.
WHOLE = ("treatments", "analyses")

#: Number of patients from whom the true risks of a scenario are computed.
TRUTH_PATIENTS = 65_536


@dataclass(frozen=True, slots=True)
class TrialQuestion:
    """A trial with a binary endpoint, equal arms and one-sided tests; numbers in percent.

    ``source`` is ``rates``, or the scenario whose true risks of any sperm are planned. A
    ``margin_percent`` above 0 is a non-inferiority margin. ``prior_sd_percent`` is the standard
    deviation of a normal prior of the log odds ratio, in percent of the planned value, which is its
    mean.
    """

    source: str
    control_percent: float
    treated_percent: float
    margin_percent: float
    treatments: int
    alpha_percent: float
    power_percent: float
    analyses: int
    spending: str
    futility: str
    dropout_percent: float
    prior_sd_percent: float

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `pretese.boundaries`."""
        shapes = {"HSD": {"gamma": -4.0}, "KD": {"rho": 3.0}}
        given: dict[str, Any] = {
            "information": self.analyses if self.analyses > 1 else (1.0,),
            "spending": self.spending,
            "alpha": self.alpha_percent / 100,
            "power": self.power_percent / 100,
            "control_risk": self.control_percent / 100,
            "treated_risk": self.treated_percent / 100,
            **shapes.get(self.spending, {}),
        }
        if self.futility != "none":
            given["futility"] = self.futility
            extra = {"HSD": {"futility_gamma": -4.0}, "KD": {"futility_rho": 3.0}}
            given |= extra.get(self.futility, {})
        if self.margin_percent:
            given["margin"] = self.margin_percent / 100
        if self.treatments > 1:
            given["treatment_arms"] = self.treatments
        return given

    def python(self) -> str:
        """Return Python code for the design on the page."""
        given = ",\n    ".join(f"{name}={value!r}" for name, value in self.arguments().items())
        return f"import pretese as pt\n\ndesign = pt.boundaries(\n    {given},\n)\nprint(design)"

    def command(self) -> str:
        """Return a command line for the design on the page."""
        fractions = ",".join(f"{(i + 1) / self.analyses:.6g}" for i in range(self.analyses))
        words = [f"pretese boundaries --analyses {fractions} --spending {self.spending}"]
        names = ("gamma", "rho", "alpha", "power", "futility", "futility_gamma", "futility_rho",
                 "treatment_arms")  # fmt: skip
        given = self.arguments()
        words += [f"--{n.replace('_', '-')} {given[n]}" for n in names if n in given]
        words += [f"--margin {self.margin_percent:g}%"] if self.margin_percent else []
        words.append(f"--control-risk {self.control_percent:g}%")
        words.append(f"--treated-risk {self.treated_percent:g}%")
        return " \\\n  ".join(words)

    def design(self, participants: int) -> dict[str, Any]:
        """Return the fields of a design file for `pretese power`.

        With a scenario patients are simulated, otherwise participants have the planned event rates.
        Several treatments all have the planned event rate; the power to detect one of them does not
        depend on the others.
        """
        if self.treatments > 1:
            return self._several_arms(participants)
        stop = {} if self.futility == "none" else {"futility": _family(self.futility)}
        risks = {"control_percent": self.control_percent, "treated_percent": self.treated_percent}
        plain = self.source == "rates" or bool(self.margin_percent)
        margin = {"margin_percent": self.margin_percent} if self.margin_percent else {}
        loss = dict.fromkeys(("control_percent", "treated_percent"), self.dropout_percent)
        return {
            "id": "from-the-trial-page",
            "title": "Two arms, binary endpoint",
            "question": "Does therapy raise the proportion of patients with sperm for ICSI?",
            "participants": participants,
            **({"risks": risks} if plain else {"scenario": self.source}),
            "randomisation": {"method": "blocks", "block_sizes": [4]},
            "sites": [{"name": "first", "from_month": [0], "recruitment_per_year": [200]}],
            "endpoint": {"endpoint_month": 4 if plain else 6},
            "analysis": {"method": "unadjusted", **margin},
            "monitoring": {
                **self._monitoring(),
                **stop,
            },
            **({"dropout": loss} if self.dropout_percent else {}),
        }

    def _monitoring(self) -> dict[str, Any]:
        """Return analyses, spending and error as a design file writes them."""
        return {
            "analyses_percent": [
                float(f"{100 * (i + 1) / self.analyses:.6g}") for i in range(self.analyses)
            ],
            "efficacy": _family(self.spending),
            "alpha_percent": self.alpha_percent,
            "sides": 1,
        }

    def _several_arms(self, participants: int) -> dict[str, Any]:
        """Return the fields of a design of several treatments against one control."""
        treatments = [f"treatment-{number}" for number in range(1, self.treatments + 1)]
        arms = ["control", *treatments]
        planned = dict.fromkeys(treatments, self.treated_percent)
        loss = {"dropout_percent": dict.fromkeys(arms, self.dropout_percent)}
        return {
            "id": "from-the-trial-page",
            "title": f"{self.treatments} treatments against one control, yes/no endpoint",
            "question": "Which treatment raises the proportion of patients with sperm for ICSI?",
            "participants": participants,
            "risks_percent": {"control": self.control_percent, **planned},
            "randomisation": {"method": "blocks", "block_sizes": [len(arms)]},
            "sites": [{"name": "first", "from_month": [0], "recruitment_per_year": [200]}],
            "endpoint": {"endpoint_month": 4},
            "analysis": {"method": "unadjusted"},
            "testing": {"procedure": "dunnett"},
            "monitoring": self._monitoring(),
            **(loss if self.dropout_percent else {}),
            "power_of": treatments[0],
        }

    def design_file(self, participants: int) -> str:
        """Return `design` as the text of a file."""
        import yaml

        return yaml.safe_dump(self.design(participants), sort_keys=False, allow_unicode=True)

    def entries(self) -> dict[str, str]:
        """Return the fields of the form."""
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            name: f"{value:g}" if isinstance(value, float) else str(value)
            for name, value in given.items()
        }

    def link(self, language: str, address: str = "/trial", **more: str) -> str:
        """Return the address of a page with this request."""
        return f"{address}?" + urlencode({**self.entries(), **more, "lang": language})


def trial_question(entries: Mapping[str, str]) -> TrialQuestion:
    """Read the fields of the form.

    Raises ------ InputError A value is not a number within its limits or not one of the choices, or
    two fields exclude each other.
    """
    merged = {**DEFAULTS, **{k: v for k, v in entries.items() if k in DEFAULTS and v.strip()}}
    sources = ("rates", *shipped_names.shipped().scenarios)
    choices = (("source", sources), ("spending", SPENDING), ("futility", FUTILITY))
    for name, allowed in choices:
        if merged[name] not in allowed:
            problem = f"{merged[name][:30]!r} is not allowed"
            raise InputError.of("trial", name, problem, f"choose from {', '.join(allowed)}")
    numbers: dict[str, Any] = {name: _within(name, merged[name]) for name in LIMITS}
    if merged["source"] != "rates":
        numbers |= scenario_risks(merged["source"])
    _check(numbers, merged["futility"])
    numbers |= {name: int(numbers[name]) for name in WHOLE}
    numbers |= {name: merged[name] for name, _ in choices}
    return TrialQuestion(**numbers)


def scenario_risks(name: str) -> dict[str, float]:
    """Return the true risks of any sperm without and with therapy, in percent to one decimal."""
    frame = read_scenario.scenario(name).truth(TRUTH_PATIENTS).frame.set_index("estimand")
    row = frame.loc["any_sperm.everyone"].iloc[0]
    arms = {"control_percent": "risk_untreated", "treated_percent": "risk_treated"}
    return {field: round(100 * float(row[column]), 1) for field, column in arms.items()}


def _check(numbers: Mapping[str, float], futility: str) -> None:
    """Refuse numbers that exclude each other."""
    if not numbers["margin_percent"] and numbers["control_percent"] == numbers["treated_percent"]:
        cure = "give two different proportions, or a margin"
        raise InputError.of("trial", "treated_percent", "it equals the control arm", cure)
    if numbers["power_percent"] <= numbers["alpha_percent"]:
        raise InputError.of("trial", "power_percent", "it is not above alpha", "raise the power")
    if numbers["treatments"] > 1 and (numbers["margin_percent"] or futility != "none"):
        cure = "choose one treatment, or neither margin nor futility"
        raise InputError.of("trial", "treatments", "several treatments allow no margin", cure)
    if numbers["treatments"] > 1 and numbers["analyses"] > 4:
        cure = "choose at most 4 analyses"
        raise InputError.of("trial", "analyses", "several treatments allow at most 4", cure)


def _family(name: str) -> str:
    """Return a spending function in the notation of design files."""
    return {"HSD": "HSD(-4)", "KD": "KD(3)"}.get(name, name)


def _within(name: str, text: str) -> float:
    number = read_number(text.strip().rstrip("%").strip().replace(",", "."), f"trial: {name}", "")
    low, high = LIMITS[name]
    if not low <= number <= high or (name in WHOLE and number != int(number)):
        problem = f"{text[:30]} is not allowed"
        raise InputError.of("trial", name, problem, f"give a number from {low:g} to {high:g}")
    return number
