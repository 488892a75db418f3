"""An audit as one page for a browser, with a timeline of each patient."""

from collections import Counter
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from pretese.bedside.audits.timeline_figure import timeline_svg
from pretese.io.output.versions import program_version
from pretese.io.text.html_page import render_page
from protocol.audit.deviations import Audit, PatientAudit
from protocol.audit.log.courses import courses_of
from protocol.audit.log.events import Log, Unused
from protocol.audit.words import called
from protocol.bedside.recommend import DISCLAIMER
from protocol.regimen.rules import Regimen

#: Maximum number of timelines drawn; patients with deviations come first.
MAX_DRAWN = 300


def audit_page(
    found: Audit,
    log: Log,
    regimen: Regimen,
    *,
    assumptions: Sequence[str] = (),
    unused: Sequence[Unused] = (),
) -> str:
    """Return the page of an audit; ``log`` is the log that was audited.

    The same audit gives the same bytes. Names and words of the log are escaped.
    """
    ordered = sorted(found.patients, key=lambda patient: not patient.deviations)
    drawn = [(each, _figure(each, log, regimen)) for each in ordered[:MAX_DRAWN]]
    counts, patients = found.counts(), found.patients_with()
    return render_page(
        "clinic_log_audit.html",
        found=found,
        regimen=regimen,
        title=regimen.title,
        without=sum(bool(each.start) and not each.deviations for each in found.patients),
        counts=[(kind, count, patients[kind]) for kind, count in counts.items() if count],
        eligibility=Counter(patient.eligibility for patient in found.patients),
        missing=_missing(found.patients),
        adherence=found.adherence(),
        queries=found.all_queries(),
        assumptions=assumptions,
        unused=unused,
        drawn=drawn,
        left=len(ordered) - len(drawn),
        version=program_version(),
        disclaimer=DISCLAIMER,
    )


def _figure(patient: PatientAudit, log: Log, regimen: Regimen) -> Markup:
    events = courses_of(log[patient.patient], regimen)[patient.course - 1]
    return Markup(timeline_svg(patient, events, regimen))  # it escapes its own text


def _missing(patients: Sequence[PatientAudit]) -> Mapping[str, int]:
    """Return the entry facts that are not in the log, to the number of patients."""
    return Counter(called(name) for patient in patients for name in patient.missing_facts)
