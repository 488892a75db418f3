"""Figures of a cohort: hormones by month in both arms, true and estimated effects."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from pretese.web.layout.line_chart import BLUE, MUTED, RED, SMALL, Band, ChartAxis, Line, line_chart

if TYPE_CHECKING:
    import pandas as pd

#: Hormones measured at visits: column, name, unit, and upper limit of the axis.
HORMONES = (
    ("fsh_iu_l", "FSH", "IU/L", 40.0),
    ("testosterone_nmol_l", "Testosterone", "nmol/L", 45.0),
    ("lh_iu_l", "LH", "IU/L", 20.0),
    ("estradiol_pmol_l", "Estradiol", "pmol/L", 400.0),
)

#: Short labels of methods with long names.
SHORT = {"unadjusted": "unadj.", "g-computation": "g-comp."}

#: Number of patients whose course is drawn behind the quartiles.
SINGLE_COURSES = 40


def trajectories(
    patients: "pd.DataFrame", visits: "pd.DataFrame", words: Mapping[str, str]
) -> list[tuple[str, Markup]]:
    """Return one chart per hormone: median and quartiles of treated patients by month."""
    treated = set(patients.loc[patients["gonadotropin_therapy"] == 1, "patient_id"])
    of_treated = visits[visits["patient_id"].isin(treated)]
    return [
        (f"{name}, {unit}", _course(of_treated, column, (name, unit, end), words))
        for column, name, unit, end in HORMONES
    ]


def _course(
    visits: "pd.DataFrame", column: str, shown: tuple[str, str, float], words: Mapping[str, str]
) -> Markup:
    name, unit, end = shown
    rows = [
        (float(month), *(float(each) for each in values.quantile([0.25, 0.5, 0.75])))
        for month, values in visits.groupby("month")[column]
    ]
    first = sorted(set(visits["patient_id"]))[:SINGLE_COURSES]
    known = visits[visits["patient_id"].isin(first)].dropna(subset=[column])
    singles = [
        Line([(float(m), float(v)) for m, v in each[["month", column]].to_numpy()],
             colour="#c3ccd6", width=0.8)
        for _, each in known.groupby("patient_id")
    ]  # fmt: skip
    median = Line([(m, middle) for m, _, middle, _ in rows], words["median"], BLUE, dots=True)
    band = Band([(m, low, high) for m, low, _, high in rows])
    months = ChartAxis(words["month_short"], None, [(month, f"{month:g}") for month, *_ in rows])
    stated = f"{name}: {words['trajectories']}"
    height = ChartAxis(f"{name}, {unit}", (0.0, end))
    return line_chart([*singles, median], stated, months, height, bands=[band], size=SMALL)


def effects_chart(effects: Sequence[Mapping[str, Any]], words: Mapping[str, str]) -> Markup:
    """Return the intervals of the estimates, one per row, with the true effects."""
    lines: list[Line] = []
    for place, each in enumerate(reversed(effects), start=1):
        low, high = (100 * each[end] for end in ("conf_low", "conf_high"))
        at = float(place)
        lines.append(Line([(low, at), (high, at)], colour=BLUE, width=2.5))
        lines.append(Line([(100 * each["estimate"], at)], colour=BLUE, dots=True))
        true = 100 * each["true_in_population"]
        lines.append(Line([(true, at - 0.3), (true, at + 0.3)], colour=RED, width=2.5))
    lines.append(Line([(0.0, 0.4), (0.0, len(effects) + 0.6)], colour=MUTED, dashed=True, width=1))
    methods = [str(each["method"]) for each in reversed(effects)]
    names = [(float(at), SHORT.get(name, name)) for at, name in enumerate(methods, start=1)]
    axes = ChartAxis(words["risk_difference_pp"]), ChartAxis("", (0.4, len(effects) + 0.6), names)
    return line_chart(lines, words["truth_beside_estimate"], *axes)
