"""Published counts and summaries: flow, Table 1, sperm by diagnosis, births."""

from collections.abc import Callable, Collection, Iterator

import numpy as np
from numpy.typing import NDArray

from pretese.article.simulated.studies import GROUPS, Studies
from simulate.core.coding import BASELINE, DIAGNOSES, HORMONES

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Testosterone below which the cohorts behind the target of the rise were called hypogonadal.
HYPOGONADAL_NMOL_L = 12.0

#: Quartiles by the names in ids of published numbers.
QUARTILES = ("q1", "median", "q3")

#: Takes a batch of studies, returns one number per study.
Statistic = Callable[[Studies], Floats]

#: Takes a batch of studies, returns a flag for every patient.
Select = Callable[[Studies], Flags]


def count_statistics() -> dict[str, Statistic]:
    """Return every counted statistic under the id of its published number."""
    parts = (_flow(), _quartiles(), _diagnosis(), _retrieved(), _ejaculate())
    more = (_derived(), _missing(), _births(), _hormones())
    return {name: statistic for part in (*parts, *more) for name, statistic in part}


def counted(part: Select) -> Statistic:
    """Count the selected patients of each study."""
    return lambda studies: part(studies).sum(axis=-1).astype(float)


def percentage(part: Select, whole: Select) -> Statistic:
    """Return the selected percentage of a group; NaN for an empty group."""

    def compute(studies: Studies) -> Floats:
        group = whole(studies)
        with np.errstate(invalid="ignore"):
            share: Floats = 100 * (part(studies) & group).sum(axis=-1) / group.sum(axis=-1)
        return share

    return compute


def both_of(one: Select, other: Select) -> Select:
    """Select the patients that two conditions select."""
    return lambda studies: one(studies) & other(studies)


def in_group(name: str) -> Select:
    """Select the operated patients of a column of Table 1."""
    return lambda studies: studies.group(name)


def diagnosed(name: str) -> Select:
    """Select the patients with a diagnosis."""
    return lambda studies: studies.diagnosed(name)


def treated(studies: Studies) -> Flags:
    """Select the patients who chose therapy."""
    return studies.gonadotropin_therapy


def untreated(studies: Studies) -> Flags:
    """Select the patients who declined therapy."""
    return ~studies.gonadotropin_therapy


def any_sperm(studies: Studies) -> Flags:
    """Select the patients with sperm from either source."""
    return studies.any_sperm


def in_ejaculate(studies: Studies) -> Flags:
    """Select the treated patients with sperm at the semen analysis."""
    return studies.in_ejaculate & studies.gonadotropin_therapy


def retrieved(studies: Studies) -> Flags:
    """Select the patients with sperm found at micro-TESE."""
    return studies.retrieved


def icsi(studies: Studies) -> Flags:
    """Select the couples who reached ICSI with testicular sperm."""
    return studies.icsi


def delivered(studies: Studies) -> Flags:
    """Select the couples with a live birth after ICSI with testicular sperm."""
    return studies.delivered


def _flow() -> Iterator[tuple[str, Statistic]]:
    yield "flow.treated", counted(treated)
    yield "flow.untreated", counted(untreated)
    yield "flow.sperm_in_ejaculate", counted(in_ejaculate)
    yield "flow.treated_micro_tese", counted(in_group("treated"))
    yield "flow.micro_tese", counted(in_group("overall"))
    yield "flow.retrieved", counted(retrieved)
    yield "flow.icsi", counted(icsi)
    yield "flow.no_icsi", counted(lambda studies: studies.retrieved & ~studies.icsi)
    yield "flow.live_birth", counted(delivered)


def _quartiles() -> Iterator[tuple[str, Statistic]]:
    for variable in BASELINE:
        for group in GROUPS:
            for index, name in enumerate(QUARTILES):
                yield f"table1.{variable}.{group}.{name}", _quartile(variable, group, index)


def exact_quartiles(variables: Collection[str]) -> dict[str, Statistic]:
    """Return the quartiles of some variables before rounding, under the ids of `count_statistics`.

    The quartile of values in whole years is a step function of the parameters; this one is smooth.
    """
    return {
        f"table1.{variable}.{group}.{name}": _quartile(variable, group, index, exact=True)
        for variable in variables
        for group in GROUPS
        for index, name in enumerate(QUARTILES)
    }


def _quartile(variable: str, group: str, index: int, *, exact: bool = False) -> Statistic:
    def read(studies: Studies) -> Floats:
        value: Floats = studies.quartiles(variable, group, exact=exact)[index]
        return value

    return read


def _diagnosis() -> Iterator[tuple[str, Statistic]]:
    for group in GROUPS:
        yield f"table1.n.{group}", counted(in_group(group))
        for name in DIAGNOSES:
            stem = f"table1.diagnosis.{name}.{group}"
            yield f"{stem}.count", counted(both_of(diagnosed(name), in_group(group)))
            yield f"{stem}.percent", percentage(diagnosed(name), in_group(group))


def _retrieved() -> Iterator[tuple[str, Statistic]]:
    for group in GROUPS:
        stem = f"table1.retrieved.{group}"
        yield f"{stem}.count", counted(both_of(retrieved, in_group(group)))
        yield f"{stem}.percent", percentage(retrieved, in_group(group))
    for name in DIAGNOSES:
        # The article does not report cryptorchidism; it follows by subtraction.
        derived = name == "cryptorchidism"
        stem = f"derived.retrieved.{name}" if derived else f"retrieved.diagnosis.{name}"
        yield f"{stem}.count", counted(both_of(retrieved, diagnosed(name)))
        yield f"{stem}.percent", percentage(diagnosed(name), retrieved)


def _hormones() -> Iterator[tuple[str, Statistic]]:
    yield "hormones.testosterone_rise.hypogonadal", _testosterone_rise


def _testosterone_rise(studies: Studies) -> Floats:
    """Return the mean rise in treated patients below `HYPOGONADAL_NMOL_L` before therapy."""
    before = studies.cohort.patients.baseline["testosterone_nmol_l"]
    low = (before < HYPOGONADAL_NMOL_L) & studies.gonadotropin_therapy
    rise: Floats = np.where(low, studies.testosterone_after - before, 0).sum(-1)
    with np.errstate(invalid="ignore"):
        return np.asarray(rise / low.sum(-1))


def _ejaculate() -> Iterator[tuple[str, Statistic]]:
    yield "ejaculate.count", counted(in_ejaculate)
    yield "ejaculate.percent", percentage(in_ejaculate, treated)
    for name in DIAGNOSES:
        stem = f"ejaculate.diagnosis.{name}"
        yield f"{stem}.count", counted(both_of(in_ejaculate, diagnosed(name)))
        yield f"{stem}.percent", percentage(diagnosed(name), in_ejaculate)


def _derived() -> Iterator[tuple[str, Statistic]]:
    for name in DIAGNOSES:
        yield f"derived.started.{name}.count", counted(both_of(treated, diagnosed(name)))
    for group, chosen in (("treated", treated), ("untreated", untreated)):
        found = both_of(any_sperm, chosen)
        yield f"derived.any_sperm.{group}.count", counted(found)
        yield f"derived.any_sperm.{group}.percent", percentage(any_sperm, chosen)


def _missing() -> Iterator[tuple[str, Statistic]]:
    for name in HORMONES:
        yield (
            f"table1.missing.{name}.count",
            counted(both_of(_unmeasured(name), in_group("overall"))),
        )


def _unmeasured(hormone: str) -> Select:
    return lambda studies: np.isnan(studies.cohort.baseline[hormone])


def _births() -> Iterator[tuple[str, Statistic]]:
    yield "delivery.percent", percentage(delivered, icsi)
    for group in ("treated", "untreated"):
        couples = both_of(icsi, in_group(group))
        yield f"delivery.{group}.percent", percentage(delivered, couples)
