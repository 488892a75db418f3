"""From estimates per replicate to performance, contrasts and verdicts.

The files are read twice, a chunk at a time: once for all sums, once for the proportion of
intervals that contain the mean estimate. Memory does not grow with the number of replicates.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol, Self, TypeVar

import numpy as np
import pandas as pd

from estimate.core.result import RATIOS
from estimate.performance.moments import Moments
from estimate.performance.tally import Performance, Tally
from pretese.recovery.design.study_spec import StudySpec
from pretese.recovery.results.replicates import (
    AnalysisKey,
    PairedDifference,
    Replicates,
    Source,
    Words,
)
from pretese.recovery.results.verdicts import (
    Judgement,
    Pate,
    analysis_keys,
    expectation_of,
    population_truths,
    verdict_on,
)
from pretese.recovery.work.known_effects import truth_name


@dataclass(frozen=True, slots=True)
class Assessment:
    """Results of a recovery study; frames have one row per line of their files."""

    truths: pd.DataFrame
    performance: pd.DataFrame
    contrasts: pd.DataFrame
    judgements: tuple[Judgement, ...]

    @property
    def unexpected(self) -> tuple[Judgement, ...]:
        """Judgements whose verdict is not the expected one."""
        return tuple(each for each in self.judgements if each.unexpected)


def assess(
    spec: StudySpec, estimates: Mapping[str, Source], draws: Mapping[str, pd.DataFrame]
) -> Assessment:
    """Measure every method of every case.

    Parameters
    ----------
    estimates
        Case to its estimates.
    draws
        Case to the simulated true effects of its population.
    """
    truths: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    contrasts: list[dict[str, Any]] = []
    judgements: list[Judgement] = []
    cases = spec.all_cases()
    first = next(iter(cases))
    asked = {
        name: _Asked.of(spec, list(analysis_keys(spec, name, case)), estimates[name], draws[name])
        for name, case in cases.items()
    }
    for name, case in cases.items():
        here = asked[name]
        sums = _add_up(here, asked[first] if name != first and asked[first].shares(here) else None)
        for answer, pate in here.pates.items():
            centred = sums.centred[answer]
            performance = sums.pate[answer].performance(centred)
            rows += _performance_rows(answer, "PATE", performance)
            rows += _performance_rows(answer, "SATE", sums.sate[answer].performance(centred))
            truths.append(_truth_row(answer, here.targets[answer], pate, sums.truth[answer]))
            expected, reason = expectation_of(case, answer)
            judgements.append(
                verdict_on(answer, performance, pate, expected, reason, spec.tolerance)
            )
        for (answer, between, reference), contrast in sums.contrasts.items():
            contrasts += _contrast_rows(answer, between, reference, contrast)
    return Assessment(
        pd.DataFrame(truths), pd.DataFrame(rows), pd.DataFrame(contrasts), tuple(judgements)
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """The analyses of a case, their true effects, and the file of their estimates."""

    source: Source
    pates: Mapping[AnalysisKey, Pate]
    targets: Mapping[AnalysisKey, str]

    @classmethod
    def of(
        cls, spec: StudySpec, answers: list[AnalysisKey], source: Source, draws: pd.DataFrame
    ) -> "_Asked":
        pates = population_truths(draws)
        wanted = {a: (a.plan, truth_name(spec.plans[a.plan], a.method, a.scale)) for a in answers}
        return cls(
            source,
            {answer: pates[name] for answer, name in wanted.items()},
            {answer: name[1][0] for answer, name in wanted.items()},
        )

    def shares(self, other: "_Asked") -> bool:
        """Whether both cases have an analysis of the same name."""
        return bool({a.words for a in self.pates} & {a.words for a in other.pates})


#: An analysis, what it is compared with (another method, the first case), and the name of that.
_Pair = tuple[AnalysisKey, str, str]


@dataclass(frozen=True, slots=True)
class _Sums:
    """Sums over the replicates of a case."""

    pate: dict[AnalysisKey, Tally]
    sate: dict[AnalysisKey, Tally]
    truth: dict[AnalysisKey, Moments]
    centred: dict[AnalysisKey, Moments]
    contrasts: dict[_Pair, PairedDifference]


def _add_up(here: _Asked, first: _Asked | None) -> _Sums:
    """Add up the replicates of a case, paired with those of the first case if it is another."""
    sums = _Sums({}, {}, {}, {}, {})
    others: Iterator[Mapping[Words, Replicates]]
    others = iter(()) if first is None else first.source.chunks()
    for chunk in here.source.chunks():
        beside = next(others, {})
        found = {answer: chunk[answer.words] for answer in here.pates}
        for answer, each in found.items():
            _join(sums.pate, answer, each.tally(here.pates[answer].value))
            _join(sums.sate, answer, each.tally(each.sate))
            _join(sums.truth, answer, Moments.of(each.sate, np.isfinite(each.sate)))
        for pair, contrast in _contrasts(here, found, first, beside):
            _join(sums.contrasts, pair, contrast)
    for chunk in here.source.chunks():
        for answer, tally in sums.pate.items():
            counted = chunk[answer.words].covering(tally.estimate.mean)
            _join(sums.centred, answer, counted)
    return sums


class _Addable(Protocol):
    def __add__(self, other: Self) -> Self: ...


_Key = TypeVar("_Key")
_Part = TypeVar("_Part", bound=_Addable)


def _join(sums: dict[_Key, _Part], key: _Key, part: _Part) -> None:
    sums[key] = sums[key] + part if key in sums else part


def _contrasts(
    here: _Asked,
    found: Mapping[AnalysisKey, Replicates],
    first: _Asked | None,
    beside: Mapping[Words, Replicates],
) -> Iterator[tuple[_Pair, PairedDifference]]:
    """Compare each method with the first of its plan and scale, and with itself in the first case.

    Both use common random numbers, so that the error of the difference is that of paired values.
    """
    its_pates = {} if first is None else {a.words: pate for a, pate in first.pates.items()}
    leaders: dict[tuple[str, str], AnalysisKey] = {}
    for answer, each in found.items():
        truth = here.pates[answer].value
        leader = leaders.setdefault((answer.plan, answer.scale), answer)
        if leader is not answer:
            contrast = PairedDifference.of(each, truth, found[leader], here.pates[leader].value)
            yield (answer, "method", leader.method), contrast
        if first is not None and answer.words in its_pates:
            case = next(iter(first.pates)).case
            contrast = PairedDifference.of(
                each, truth, beside[answer.words], its_pates[answer.words].value
            )
            yield (answer, "case", case), contrast


def _performance_rows(
    answer: AnalysisKey, against: str, performance: Performance
) -> Iterator[dict[str, Any]]:
    for record in performance.records():
        del record["index"]
        yield {**asdict(answer), "against": against, **record}


def _truth_row(answer: AnalysisKey, target: str, pate: Pate, sate: Moments) -> dict[str, Any]:
    """Return both truths; ``sate_sd`` and Monte Carlo errors of ratios are of logarithms."""
    back = np.exp if answer.scale in RATIOS else float
    return {
        **asdict(answer),
        "target": target,
        "pate": float(back(pate.value)),
        "pate_mcse": pate.mcse,
        "sate_mean": float(back(sate.mean)),
        "sate_sd": float(sate.sd),
    }


def _contrast_rows(
    answer: AnalysisKey, between: str, reference: str, contrast: PairedDifference
) -> Iterator[dict[str, Any]]:
    for name, measure in contrast.measures().items():
        yield {
            **asdict(answer),
            "between": between,
            "reference": reference,
            "measure": name,
            "difference": float(measure.value),
            "mcse": float(measure.mcse),
            "n": int(measure.n),
        }


def wanted_replicates(performance: pd.DataFrame, mcse: float) -> int:
    """Return the replicates after which coverage and rejection have this Monte Carlo error.

    Computed from the proportions found so far, for the method with the largest error; one success
    and one failure are added to each, so that a proportion of 0 or 1 has an error too.
    """
    shares = performance[
        performance["measure"].isin(["coverage", "rejection"]) & (performance["n"] > 0)
    ]
    n = shares["n"].to_numpy(float)
    p = (shares["value"].to_numpy(float) * n + 1) / (n + 2)
    return int(np.ceil((p * (1 - p)).max() / mcse**2)) if len(n) else 0
