"""Items of reporting guidelines that an analysis fills, leaves missing, or cannot fill.

STROBE: von Elm E et al. *PLoS Med* 2007;4:e296. TARGET: Cashin AG et al. *JAMA* 2025;334:1084-93;
its items 6 specify the target trial, its items 7 the emulation. Wording is ours; numbers and
subjects of TARGET agree with its checklist as reproduced word by word in public software; they were
not compared with the article itself.
"""

from collections.abc import Iterator
from typing import Any

from estimate.core.result import RATIOS
from estimate.methods.registry import METHODS
from estimate.plan.findings import Analysis
from estimate.plan.spec import Plan

#: Guideline and item, what it asks for, whether the report has it, and where.
_Check = tuple[str, str, Any, str]


def reporting_items(found: Analysis) -> list[tuple[str, str, str]]:
    """Return items of STROBE and TARGET with the section that addresses each, or "missing".

    Items that an analysis cannot address, such as setting and funding, are "for the authors".
    """
    checks = (*_strobe(found), *_target(found))
    filled = [(item, what, place if done else "missing") for item, what, done, place in checks]
    return [*filled, *((item, what, "for the authors") for item, what in AUTHORS)]


def _strobe(found: Analysis) -> Iterator[_Check]:
    plan, adjusted = found.plan, _adjusted(found.plan)
    conditional = any(METHODS[name].given for name in plan.methods if name in METHODS)
    known, clustered = bool(plan.covariates), bool(found.complete.data.cluster_name)
    yield "STROBE 6", "eligibility of patients", plan.population, "population"
    yield "STROBE 7", "outcome and covariates defined", known, "methods"
    yield "ICH E9(R1)", "intercurrent events", bool(plan.intercurrent), "estimands"
    yield "STROBE 11", "handling of quantitative variables", known, "methods"
    yield "STROBE 12a", "control of confounding", adjusted, "methods"
    yield "STROBE 12b", "subgroups and interactions", bool(plan.subgroups), "subgroups"
    yield "STROBE 12c", "missing data", plan.missing.method != "none", "methods"
    yield "STROBE 12d", "dependence of observations", clustered, "methods"
    yield "STROBE 12e", "sensitivity analyses", _several_analyses(plan), "effects"
    yield "STROBE 13", "flow of patients with reasons", True, "flow"
    yield "STROBE 14", "characteristics, missing values", known, "Table 1"
    yield "STROBE 15", "outcome by arm", True, "flow"
    yield "STROBE 16a", "unadjusted estimates", "unadjusted" in plan.methods, "effects"
    yield "STROBE 16a", "adjusted estimates", adjusted, "effects"
    yield "STROBE 16", "conditional and marginal effects distinguished", conditional, "effects"
    yield "STROBE 16c", "absolute risks", _absolute(found), "effects"
    strengths = bool(_strengths(found))
    yield "STROBE 17", "sensitivity to unmeasured confounding", strengths, "E-values"


def _target(found: Analysis) -> Iterator[_Check]:
    plan, adjusted = found.plan, _adjusted(found.plan)
    known, several = bool(plan.covariates), _several_analyses(plan)
    both = _absolute(found) and any(each.scale in RATIOS for each in found.estimates)
    sensitivity = several or bool(_strengths(found))
    yield "TARGET 6a, 7a", "eligibility and how it was applied", plan.population, "population"
    strategies = plan.strategies is not None
    yield "TARGET 6b, 7b", "strategies with their rules over time", strategies, "strategies"
    yield "TARGET 6e, 7e", "outcomes and how they were measured", True, "methods"
    yield "TARGET 6f, 7f", "causal contrasts and effect measures", True, "effects"
    yield "TARGET 6g, 7g(i)", "assumptions that identify the effect", adjusted, "methods"
    yield "TARGET 7g(ii)", "covariates of these assumptions", known, "methods"
    yield "TARGET 6h, 7h(i)", "analysis and missing data", True, "methods"
    yield (
        "TARGET 7h(ii)",
        "analyses of sensitivity to choices and assumptions",
        sensitivity,
        "methods",
    )
    yield "TARGET 8", "patients assessed, eligible and in each arm", True, "flow"
    yield "TARGET 9", "baseline characteristics by strategy", known, "Table 1"
    yield "TARGET 11", "missing data in all variables by strategy", known, "Table 1"
    yield "TARGET 12", "outcome by strategy", True, "flow"
    yield "TARGET 13", "absolute and relative effects with precision", both, "effects"
    yield "TARGET 14", "results of sensitivity analyses", sensitivity, "effects"


#: Items that no analysis of a table can fill.
AUTHORS = (
    ("STROBE 1", "title and abstract"),
    ("STROBE 2 to 3", "background and objectives"),
    ("STROBE 4 to 5", "design, setting, dates of recruitment and follow-up"),
    ("STROBE 8", "sources of data and methods of measurement"),
    ("STROBE 10", "how the study size was arrived at"),
    ("STROBE 18 to 21", "key results, limitations, interpretation, generalisability"),
    ("STROBE 22", "funding"),
    ("TARGET 1a to 1c", "abstract: target trial, data, methods, findings"),
    ("TARGET 2 to 4", "background, causal question, reason for an emulation"),
    ("TARGET 5", "sources of data: purpose, setting, period, linkage"),
    ("TARGET 6c, 7c", "assignment, and how the data stand for it"),
    ("TARGET 6d, 7d", "start of follow-up at assignment, and its end"),
    ("TARGET 10", "length of follow-up and reasons for its end"),
    ("TARGET 15 to 16", "interpretation, and differences from the target trial"),
    ("TARGET 17 to 21", "ethics, registration, data sharing, funding, interests"),
)


def _adjusted(plan: Plan) -> bool:
    return any(METHODS[name].needs - {"clusters"} for name in plan.methods)


def _several_analyses(plan: Plan) -> bool:
    adjusting = [name for name in plan.methods if METHODS[name].needs - {"clusters"}]
    return len(adjusting) + len(plan.models) > 1


def _absolute(found: Analysis) -> bool:
    return any(each.scale in ("risk difference", "mean difference") for each in found.estimates)


def _strengths(found: Analysis) -> list[Any]:
    return [row for row in found.record()["e_values"] if row["point"] is not None]
