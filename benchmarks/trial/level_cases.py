"""Designs whose type I error `error_levels` measures: families that share their trials."""

from typing import Any

from pretese.trial.design.design_reader import design_path
from protocol.reading.documents import parse_yaml, read_text

#: Fields of a design, and changes to it by the name of the analysis.
Family = tuple[dict[str, Any], dict[str, dict[str, Any]]]

_COVARIATES = ["age_years", "testis_volume_ml", "fsh_iu_l"]
_BOTH = ["site", "diagnosis"]
_FACTORS = [
    {"name": "FSH class", "variable": "fsh_iu_l", "cut_points": [12, 20]},
    {"name": "duration class", "variable": "infertility_duration_years", "cut_points": [3]},
]
_CLASSES = ["FSH class", "duration class"]
_THREE = [33.333333, 66.666667, 100]
_ONE_SIDE = {"alpha_percent": 2.5, "sides": 1}


def shipped(name: str, **changes: Any) -> dict[str, Any]:
    """Return the fields of a shipped design, without its decision rule, some of them changed."""
    path = design_path(name)
    fields = parse_yaml(read_text(path), str(path))
    fields.pop("decision", None)
    return {**fields, **changes}


def _by(method: str, **options: Any) -> dict[str, Any]:
    return {"analysis": {"method": method, **options}}


def _at(efficacy: str, sides: int = 2, **more: Any) -> dict[str, Any]:
    plan = {"analyses_percent": _THREE, "efficacy": efficacy, "sides": sides, **more}
    return {"monitoring": {**plan, "alpha_percent": 5 if sides == 2 else 2.5}}


def _margin(method: str, **options: Any) -> dict[str, Any]:
    return {**_by(method, margin_percent=10, **options), "monitoring": _ONE_SIDE}


_ADJUSTED = {"covariates": _COVARIATES, "strata": ["diagnosis"]}

_EIGHT: dict[str, dict[str, Any]] = {
    "g-computation: covariates, site, diagnosis": _by(
        "g-computation-randomised", covariates=_COVARIATES, strata=_BOTH),
    "the same, test: wald": _by(
        "g-computation-randomised", covariates=_COVARIATES, strata=_BOTH, test="wald"),
    "the same, test: wald, small_sample: false": _by(
        "g-computation-randomised", covariates=_COVARIATES, strata=_BOTH, test="wald",
        small_sample=False),
    "Mantel-Haenszel: site": _by("mantel-haenszel", strata=["site"]),
    "Mantel-Haenszel: site, diagnosis": _by("mantel-haenszel", strata=_BOTH),
    "unadjusted": _by("unadjusted"),
    "logistic: covariates, site, diagnosis": _by(
        "logistic", covariates=_COVARIATES, strata=_BOTH),
    "mixed": _by("mixed"),
    "mixed: diagnosis": _by("mixed", strata=["diagnosis"]),
}  # fmt: skip

#: Wald's test of g-computation on each of its scales.
_WALD: dict[str, dict[str, Any]] = {
    f"g-computation, {scale}, test: wald": _by(
        "g-computation-randomised", scale=scale, test="wald", **_ADJUSTED)
    for scale in ("risk difference", "risk ratio", "odds ratio")
}  # fmt: skip

_BLOCKS: dict[str, dict[str, Any]] = {
    "unadjusted": {},
    "g-computation: covariates, diagnosis": _by("g-computation-randomised", **_ADJUSTED),
    **_WALD,
    "Mantel-Haenszel: diagnosis": _by("mantel-haenszel", strata=["diagnosis"]),
    "logistic: covariates, diagnosis": _by("logistic", **_ADJUSTED),
    "logistic, test: wald": _by("logistic", test="wald", **_ADJUSTED),
    "unadjusted, 3 analyses, OF": _at("OF"),
    "unadjusted, 3 analyses, Pocock": _at("Pocock"),
    "g-computation, 3 analyses, OF": _at("OF") | _by("g-computation-randomised", **_ADJUSTED),
    "g-computation, 3 analyses, OF, one side, harm": _at("OF", 1, harm="Pocock")
    | _by("g-computation-randomised", **_ADJUSTED),
    "logistic, 3 analyses, OF": _at("OF") | _by("logistic", **_ADJUSTED),
}

_RULES: dict[str, dict[str, Any]] = {
    "fixed sequence": {"method": "fixed sequence"},
    "holm": {"method": "holm"},
    "fallback": {"method": "fallback", "weights_percent": [50, 30, 20]},
    "graph": {"method": "graph", "weights_percent": [60, 20, 20],
              "transitions_percent": [[0, 50, 50], [50, 0, 50], [50, 50, 0]]},
}  # fmt: skip

_ENDPOINTS: dict[str, dict[str, Any]] = {
    f"{name}{words}": {"multiplicity": rule, **more}
    for words, more in (("", {}), (", 3 analyses, OF", _at("OF")))
    for name, rule in _RULES.items()
}

_RE_ESTIMATED = {
    "analyses_percent": [50, 100], **_ONE_SIDE,
    "reestimation": {"at_analysis": 1, "assume": "observed", "conditional_power_percent": 90,
                     "min_percent": 100, "max_percent": 200},
}  # fmt: skip

_ENDPOINTS["fixed sequence, re-estimated"] = {
    "multiplicity": _RULES["fixed sequence"], "monitoring": _RE_ESTIMATED,
}  # fmt: skip

_ENDPOINTS["graph from the primary, re-estimated"] = {
    "multiplicity": {"method": "graph", "weights_percent": [100, 0, 0],
                     "transitions_percent": [[0, 50, 50], [0, 0, 100], [0, 100, 0]]},
    "monitoring": _RE_ESTIMATED,
}  # fmt: skip

_WAITING = {
    **_ONE_SIDE, "analyses_percent": [50, 100], "futility": "OF", "decision_analysis": "balanced",
}  # fmt: skip

_MH_BY_DIAGNOSIS = _by("mantel-haenszel", strata=["diagnosis"])

_IMPUTED = {"variable": "any_sperm", "endpoint_month": 4, "missing": "multiple imputation"}

#: Families whose power with the planned effect is also computed.
WITH_POWER = {
    "minimisation, eight sites",
    "blocks of 4, three sites",
    "non-inferiority by 10 points",
}

#: Every family by its name.
FAMILIES: dict[str, Family] = {
    "minimisation, eight sites": (shipped("minimisation-eight-sites"), _EIGHT),
    "blocks of 4, three sites": (shipped("superiority-any-sperm", participants=200), _BLOCKS),
    "three endpoints": (shipped("three-endpoints", participants=240), _ENDPOINTS),
    "stratified by site": (
        shipped("minimisation-eight-sites", participants=160,
                 randomisation={"method": "stratified", "by": ["site"], "block_sizes": [4]}),
        {"g-computation: covariates": _by("g-computation-randomised", covariates=_COVARIATES),
         "g-computation: covariates, site": _by(
             "g-computation-randomised", covariates=_COVARIATES, strata=["site"]),
         "Mantel-Haenszel: site": _by("mantel-haenszel", strata=["site"]),
         "unadjusted": _by("unadjusted")},
    ),
    "simple randomisation": (
        shipped("superiority-any-sperm", participants=160, randomisation={"method": "simple"}),
        {"unadjusted": {}, "Mantel-Haenszel: diagnosis": _MH_BY_DIAGNOSIS,
         "g-computation: covariates, diagnosis": _by("g-computation-randomised", **_ADJUSTED)},
    ),
    "principal stratum": (
        shipped("superiority-any-sperm", participants=200,
                 endpoint={"variable": "sperm_retrieved", "endpoint_month": 4,
                           "sperm_in_ejaculate": "principal stratum"}),
        {"unadjusted": {}},
    ),
    "non-inferiority by 10 points": (
        shipped("superiority-any-sperm", participants=240, **_margin("unadjusted")),
        {"unadjusted": _margin("unadjusted"),
         "Mantel-Haenszel: diagnosis": _margin("mantel-haenszel", strata=["diagnosis"]),
         "g-computation: covariates, diagnosis": _margin("g-computation-randomised", **_ADJUSTED)},
    ),
    "decision analyses": (
        shipped("superiority-any-sperm", participants=200,
                monitoring={**_ONE_SIDE, "analyses_percent": [50, 100]}),
        {"unadjusted, balanced, binding": {"monitoring": _WAITING | {"binding": True}},
         "unadjusted, balanced, not binding": {"monitoring": _WAITING},
         "g-computation, balanced, binding": {"monitoring": _WAITING | {"binding": True}}
         | _by("g-computation-randomised", **_ADJUSTED),
         "unadjusted, nominal, two sides": {"monitoring": {
             "analyses_percent": [50, 100], "decision_analysis": "nominal"}}},
    ),
    "mixed with covariates": (
        shipped("minimisation-eight-sites", participants=240),
        {"mixed: covariates, diagnosis": _by(
            "mixed", covariates=_COVARIATES, strata=["diagnosis"])},
    ),
    "strata of baseline values": (
        shipped("superiority-any-sperm", participants=160, factors=_FACTORS,
                randomisation={"method": "stratified", "by": _CLASSES, "block_sizes": [4]}),
        {"Mantel-Haenszel: FSH class, duration class": _by("mantel-haenszel", strata=_CLASSES),
         "g-computation: FSH class, duration class": _by(
             "g-computation-randomised", strata=_CLASSES),
         "g-computation: covariates": _by("g-computation-randomised", covariates=_COVARIATES),
         "logistic: FSH class, duration class": _by("logistic", strata=_CLASSES),
         "unadjusted": {}},
    ),
    "minimisation by baseline values": (
        shipped("superiority-any-sperm", participants=160, factors=_FACTORS,
                randomisation={"method": "minimisation", "by": _CLASSES}),
        {"Mantel-Haenszel: FSH class, duration class": _by("mantel-haenszel", strata=_CLASSES),
         "g-computation: FSH class, duration class": _by(
             "g-computation-randomised", strata=_CLASSES),
         "unadjusted": {}},
    ),
    "missing outcomes": (
        shipped("superiority-any-sperm", participants=200, imputation={"copies": 10},
                dropout={"control_percent": 20, "treated_percent": 20}, endpoint=_IMPUTED),
        {"imputation, unadjusted": {},
         "imputation, g-computation: covariates, diagnosis": _by(
             "g-computation-randomised", **_ADJUSTED),
         "imputation, logistic: covariates, diagnosis": _by("logistic", **_ADJUSTED)},
    ),
    "re-estimation": (
        shipped("superiority-any-sperm", participants=120, monitoring=_RE_ESTIMATED),
        {"unadjusted": {}, "g-computation: covariates, diagnosis": _by(
            "g-computation-randomised", **_ADJUSTED)},
    ),
}  # fmt: skip
