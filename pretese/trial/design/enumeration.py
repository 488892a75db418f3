"""Whether the power of a design can be computed by enumeration of the event counts of both arms."""

from pretese.trial.design.design_file import DesignFile

#: Maximum sample size of a trial with re-estimation whose pairs of counts are enumerated.
MOST_ENUMERATED = 10_000

#: Why a design with exact power of its own has no control variate.
UNADJUSTED = "the analysis is unadjusted"

_ADJUSTED = "the analysis is adjusted"


def why_not_enumerated(design: DesignFile, participants: int | None = None) -> str | None:
    """Return why a design has no exact power at a sample size; None if it has.

    Parameters
    ----------
    participants
        Sample size; None: that of the design.
    """
    return _first(_obstacles(design, participants))


def why_no_control_variate(design: DesignFile) -> str | None:
    """Return why the unadjusted test cannot be a control variate; None if it can.

    Its probability of rejection must be known from enumeration.
    """
    if design.analysis.by_counts:
        return UNADJUSTED
    others = {
        "the sample size is re-estimated": design.monitoring.reestimation is not None,
        "there are several endpoints": bool(design.secondary),
    }
    return _first(others | _obstacles(design, None) | {_ADJUSTED: False})


def _first(reasons: dict[str, bool]) -> str | None:
    return next((reason for reason, holds in reasons.items() if holds), None)


def _obstacles(design: DesignFile, participants: int | None) -> dict[str, bool]:
    """Return the reasons that exclude enumeration, each with whether it applies."""
    rule = design.monitoring.reestimation
    most = (participants or design.participants) * (max(1.0, rule.max_percent / 100) if rule else 1)
    return {
        "the endpoint is a time to an event": design.endpoint.is_time,
        f"re-estimation is enumerated up to {MOST_ENUMERATED:,} participants": (
            rule is not None and most > MOST_ENUMERATED
        ),
        _ADJUSTED: not design.analysis.by_counts,
        "the primary endpoint shares alpha with others": _shares(design),
        "arm sizes are random": design.block is None,
        "participants drop out of the analysis, or are excluded": (
            design.endpoint.excludes or (design.endpoint.missing != "failure" and _drops(design))
        ),
        "dropout depends on outcome or covariates": _drops(design) and design.dropout.informative,
        "sites differ": design.site_sd is not None,
        "decisions wait for participants whose endpoint is awaited": (
            design.monitoring.decision_analysis is not None
        ),
        "there is a calendar-time trend": design.calendar_trend is not None,
        "the size is re-estimated without comparing the arms": rule is not None and rule.blinded,
        "re-estimation is enumerated for two analyses, one side and equal arms": (
            not _enumerable(design)
        ),
    }


def _enumerable(design: DesignFile) -> bool:
    plan, (control, treated) = design.monitoring, design.allocation
    simple = len(plan.analyses_percent) == 2 and plan.sides == 1 and control == treated
    return plan.reestimation is None or simple


def _shares(design: DesignFile) -> bool:
    graph = design.graph()
    return graph is not None and graph.weights[0] < 1


def _drops(design: DesignFile) -> bool:
    return bool(design.dropout.control_percent or design.dropout.treated_percent)
