"""The prior of a forecast: from the shipped evidence, from a topic of it, or from a file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from estimate.core.numeric.normal_mixture import NormalMixture
from pretese.literature.forecast_parts import Unknown, Values
from pretese.literature.library import evidence_topics, read_evidence
from pretese.literature.pooled_evidence import PooledEvidence, pool_studies
from pretese.literature.prior import PriorFile, prior_of
from protocol.errors import InputError
from protocol.reading.documents import read_document

#: The topic that ``evidence`` means, and the endpoint that is pooled.
TOPIC, ENDPOINT = "before-first-retrieval", "sperm retrieved"

#: Unknowns of a prior from studies: value and range. The bias of studies that are not randomised is
#: on the log odds scale, positive where it favoured therapy.
TAU, NULL, VAGUE, BIAS = (
    "scale of the SD between studies",
    "weight of no effect",
    "weight of the vague component",
    "bias of observational studies",
)
_RANGES = {TAU: (0.5, 0.25, 1.0), NULL: (0.2, 0.0, 0.4), VAGUE: (0.2, 0.0, 0.4),
           BIAS: (0.0, 0.0, 0.4)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PriorSource:
    """A prior, the unknowns it depends on, and where it comes from.

    Attributes
    ----------
    prior
        At the value of each unknown.
    make
        The prior at other values.
    unknowns
        Empty for a prior file, which is used unchanged.
    without
        The prior without each study, by the study's name.
    control_risks
        Observed control risks of the studies, if any gives counts.
    pooled
        The studies behind the prior; None for a prior file.
    """

    prior: PriorFile
    make: Callable[[Values], NormalMixture]
    unknowns: tuple[Unknown, ...]
    without: Mapping[str, NormalMixture]
    control_risks: tuple[float, ...]
    pooled: PooledEvidence | None = None


def prior_source(name: str | Path) -> PriorSource:
    """Return the prior that a name stands for.

    Parameters
    ----------
    name
        ``evidence``; a shipped topic; or the path of a prior file or of a file of evidence.

    Raises
    ------
    InputError
        There is no such topic or file, or its studies give no odds ratio.
    """
    text = str(name)
    if text == "evidence" or text in evidence_topics():
        return _from_studies(TOPIC if text == "evidence" else text)
    found = _from_file(name)
    mixture = found.mixture()
    return PriorSource(found, lambda _: mixture, (), {}, ())


def check_prior_source(name: str | Path) -> None:
    """Raise `InputError` for a name that `prior_source` refuses, without pooling any study."""
    if str(name) != "evidence" and str(name) not in evidence_topics():
        _from_file(name)


def _from_file(name: str | Path) -> PriorFile:
    path = Path(name)
    if not path.exists():
        problem = f"{name} is neither a topic of evidence nor a file"
        cure = f"give evidence, {', '.join(evidence_topics())}, or a file of a prior"
        raise InputError.of("prior", "", problem, cure)
    return read_document(path, PriorFile)


def _from_studies(topic: str) -> PriorSource:
    studies = read_evidence([topic])
    usual = pool_studies(studies, endpoint=ENDPOINT)
    pooled = {0.0: usual}

    def make(values: Values) -> NormalMixture:
        shift = float(values[BIAS])
        if shift not in pooled:
            pooled[shift] = pool_studies(studies, endpoint=ENDPOINT, bias_shift=shift)
        return _prior(pooled[shift], values).mixture()

    unknowns = tuple(Unknown(name, *numbers) for name, numbers in _RANGES.items())
    risks = [
        _observed_risk(comparison.control.events, comparison.control.patients)
        for each in studies
        for comparison in each.study.comparisons
        if comparison.endpoint == ENDPOINT and comparison.control is not None
    ]
    values = {each.name: each.value for each in unknowns}

    def excluding(name: str) -> NormalMixture:
        rest = [each for each in studies if each.study.name != name]
        return _prior(pool_studies(rest, endpoint=ENDPOINT), values).mixture()

    names = [each.study.name for each in usual.published]
    without = {name: excluding(name) for name in names if len(names) > 1}
    return PriorSource(_prior(usual, values), make, unknowns, without, tuple(risks), usual)


def _observed_risk(events: int, patients: int) -> float:
    """Return a share; one of 0 or 100 % is moved by half a patient, as no risk is."""
    if 0 < events < patients:
        return events / patients
    return (events + 0.5) / (patients + 1)


def _prior(found: PooledEvidence, values: Mapping[str, float]) -> PriorFile:
    return prior_of(
        found, tau_scale=values[TAU], null_weight=values[NULL], vague_weight=values[VAGUE]
    )
