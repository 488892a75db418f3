"""What the trial page asks: entries of its form as arguments, a link, code and a design file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from protocol.errors import InputError
from protocol.reading.numbers import read_number

#: Entries of the form with their first values; a link holds those that differ.
DEFAULTS = {
    "control_percent": "19.5",
    "treated_percent": "31",
    "alpha_percent": "2.5",
    "power_percent": "80",
    "analyses": "1",
    "spending": "OF",
    "futility": "none",
    "dropout_percent": "0",
}

SPENDING = ("OF", "Pocock", "HSD", "KD")
FUTILITY = ("none", "OF", "Pocock", "HSD", "KD")

#: Limits of each number: lowest, highest.
LIMITS = {
    "control_percent": (0.1, 99.9),
    "treated_percent": (0.1, 99.9),
    "alpha_percent": (0.01, 20.0),
    "power_percent": (21.0, 99.9),
    "analyses": (1, 8),
    "dropout_percent": (0.0, 60.0),
}


@dataclass(frozen=True, slots=True)
class TrialQuestion:
    """A two-arm trial of a yes/no endpoint, equal arms, one-sided testing; numbers in percent."""

    control_percent: float
    treated_percent: float
    alpha_percent: float
    power_percent: float
    analyses: int
    spending: str
    futility: str
    dropout_percent: float

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
        return given

    def python(self) -> str:
        """Return the Python code of what is on the page."""
        given = ",\n    ".join(f"{name}={value!r}" for name, value in self.arguments().items())
        return f"import pretese as pt\n\ndesign = pt.boundaries(\n    {given},\n)\nprint(design)"

    def command(self) -> str:
        """Return the command line of what is on the page."""
        fractions = ",".join(f"{(i + 1) / self.analyses:.6g}" for i in range(self.analyses))
        words = [f"pretese boundaries --analyses {fractions} --spending {self.spending}"]
        names = {"gamma": "gamma", "rho": "rho", "alpha": "alpha", "power": "power",
                 "futility": "futility", "futility_gamma": "futility-gamma",
                 "futility_rho": "futility-rho"}  # fmt: skip
        given = self.arguments()
        words += [f"--{names[n]} {given[n]}" for n in names if n in given]
        words.append(f"--control-risk {self.control_percent:g}%")
        words.append(f"--treated-risk {self.treated_percent:g}%")
        return " \\\n  ".join(words)

    def design_file(self, participants: int) -> str:
        """Return a design file for `pretese power` with the same question."""
        shares = ", ".join(f"{100 * (i + 1) / self.analyses:.6g}" for i in range(self.analyses))
        lines = [
            "id: from-the-trial-page",
            "title: Two arms, yes/no endpoint",
            "question: Does therapy raise the proportion of patients with sperm for ICSI?",
            f"participants: {participants}",
            f"risks: {{control_percent: {self.control_percent:g}, "
            f"treated_percent: {self.treated_percent:g}}}",
            "randomisation: {method: blocks, block_sizes: [4]}",
            "sites:",
            "  - {name: first, from_month: [0], recruitment_per_year: [200]}",
            "endpoint: {endpoint_month: 4}",
            "analysis: {method: unadjusted}",
            f"monitoring: {{analyses_percent: [{shares}], efficacy: {self._family()},",
            f"  alpha_percent: {self.alpha_percent:g}, sides: 1{self._stop()}}}",
        ]
        if self.dropout_percent:
            share = f"{self.dropout_percent:g}"
            lines.append(f"dropout: {{control_percent: {share}, treated_percent: {share}}}")
        return "\n".join(lines) + "\n"

    def link(self, language: str) -> str:
        """Return the address of the page with this question."""
        entries = {
            name: f"{value:g}" if isinstance(value := getattr(self, name), float) else str(value)
            for name in DEFAULTS
        }
        return "/trial?" + urlencode({**entries, "lang": language})

    def _family(self) -> str:
        return {"HSD": "HSD(-4)", "KD": "KD(3)"}.get(self.spending, self.spending)

    def _stop(self) -> str:
        names = {"HSD": "HSD(-4)", "KD": "KD(3)"}
        return (
            ""
            if self.futility == "none"
            else f", futility: {names.get(self.futility, self.futility)}"
        )


def trial_question(entries: Mapping[str, str]) -> TrialQuestion:
    """Read the entries of the form.

    Raises
    ------
    InputError
        An entry is not a number within its limits, or not one of the choices.
    """
    merged = {**DEFAULTS, **{k: v for k, v in entries.items() if k in DEFAULTS and v.strip()}}
    numbers = {name: _within(name, merged[name]) for name in LIMITS}
    for name, allowed in (("spending", SPENDING), ("futility", FUTILITY)):
        if merged[name] not in allowed:
            problem = f"{merged[name][:30]!r} came"
            raise InputError.of("trial", name, problem, f"choose from {', '.join(allowed)}")
    if numbers["control_percent"] == numbers["treated_percent"]:
        cure = "give two different proportions"
        raise InputError.of("trial", "treated_percent", "it equals the control arm", cure)
    if numbers["power_percent"] <= numbers["alpha_percent"]:
        raise InputError.of("trial", "power_percent", "it is not above alpha", "raise the power")
    analyses = int(numbers.pop("analyses"))
    return TrialQuestion(
        analyses=analyses, spending=merged["spending"], futility=merged["futility"], **numbers
    )


def _within(name: str, text: str) -> float:
    number = read_number(text.strip().rstrip("%").strip().replace(",", "."), f"trial: {name}", "")
    low, high = LIMITS[name]
    if not low <= number <= high or (name == "analyses" and number != int(number)):
        problem = f"{text[:30]} is not allowed"
        raise InputError.of("trial", name, problem, f"give a number from {low:g} to {high:g}")
    return number
