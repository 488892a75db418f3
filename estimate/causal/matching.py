"""Matching on the propensity score, one to one without replacement.

Each patient of the focal arm is matched to the nearest unmatched patient of the other arm. Greedy
matching cannot be batched: it loops over patients within each data set.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from estimate.causal.propensity import PropensityScore
from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Bools, Floats, Ints
from estimate.core.clusters import sum_by_cluster
from estimate.core.rounding import RANKED_DIGITS, significant
from protocol.errors import InputError

Focal = Literal["treated", "untreated"]
Order = Literal["largest", "smallest", "data", "closest"]

#: Maximum number of pairs that "closest" compares: their distances are in memory together.
CLOSEST_LIMIT = 100_000_000

#: Population of the matched pairs if the whole focal arm is matched.
POPULATIONS: dict[Focal, str] = {
    "treated": "patients like the treated (matched)",
    "untreated": "patients like the untreated (matched)",
}


@dataclass(frozen=True, slots=True)
class Matches:
    """Matched pairs of every data set.

    Attributes
    ----------
    pair
        (..., n) number of a patient's pair from 0, or -1 for an unmatched patient. Pairs are
        numbered by the position of their focal patient.
    focal
        The arm whose patients are matched.
    dropped
        (...) unmatched focal patients; if there are any, the population is no longer the focal arm.
    weights
        (..., n) 1 for matched patients and 0 for others; several partners of one patient share a
        weight of 1.
    ratio
        Maximum number of partners of a focal patient.
    """

    pair: Ints
    focal: Focal
    dropped: Ints
    weights: Floats
    ratio: int = 1

    @property
    def population(self) -> str:
        """Return the population of the pairs."""
        return POPULATIONS[self.focal]

    def without(self, refused: Bools) -> "Matches":
        """Return the pairs of the data sets (...) that are not ``refused``; those have none."""
        if not refused.any():
            return self
        pair = np.where(refused[..., None], -1, self.pair)
        return replace(self, pair=pair, weights=np.where(pair >= 0, self.weights, 0.0))


def match_nearest(
    data: AnalysisSet,
    score: PropensityScore,
    focal: Focal,
    *,
    order: Order | None = None,
    caliper: float | None = None,
    on: Literal["score", "logit"] = "score",
    exact: str | None = None,
    ratio: int = 1,
    accept_shortage: bool = False,
    where: str = "data",
) -> Matches:
    """Pair every focal patient with the nearest unused patient of the other arm.

    Parameters
    ----------
    focal
        The arm to find partners for. It must be named, because it defines the population: "treated"
        gives the effect among the treated, "untreated" among the untreated.
    order
        Order of matching: "largest" or "smallest" distance measure first, "data" order, or the
        "closest" pair of all remaining. None is "largest" for treated and "smallest" for
        untreated focal patients, who are the hardest to match.
    caliper
        Largest distance allowed, in standard deviations of the distance measure over all patients
        analysed (n - 1). None sets no limit.
    on
        Distance measure: the propensity score or its logit.
    exact
        A categorical covariate on which partners must agree.
    ratio
        Partners for each focal patient: all are matched to a first partner, then all to a second,
        and so on (variable ratio if a caliper leaves some unmatched).
    accept_shortage
        Match the larger arm although some of its patients stay unmatched; see below.

    Raises
    ------
    InputError
        If in every data set the focal arm is the larger one and it is not "closest" that was asked
        for: some focal patients must then stay unmatched, and the order rather than similarity
        selects them (with 368 treated and 174 untreated patients, "largest" takes the 174 treated
        with the highest scores and makes the arms less similar than before).
    """
    e = score.score
    with np.errstate(divide="ignore"):
        measure = np.log(e) - np.log1p(-e) if on == "logit" else e
    # Patients with equal covariates are equally near, regardless of the last bits of their scores.
    distance = significant(measure, RANKED_DIGITS)
    order = order or ("largest" if focal == "treated" else "smallest")
    chosen = (data.treatment > 0) == (focal == "treated")
    sizes = [np.count_nonzero(side & data.include, axis=-1) for side in (chosen, ~chosen)]
    if order == "closest" and int(np.max(sizes[0] * sizes[1])) > CLOSEST_LIMIT:
        raise InputError.of(
            where,
            "order",
            f"closest compares {int(np.max(sizes[0] * sizes[1]))} pairs of patients",
            f"take another order, or fewer than {CLOSEST_LIMIT} pairs",
        )
    if not (accept_shortage or order == "closest") and (ratio * sizes[0] > sizes[1]).all():
        _refuse(focal, sizes, ratio, where)
    groups = np.zeros(e.shape) if exact is None else data.covariates[exact]
    flat = [
        np.broadcast_to(a, e.shape).reshape(-1, e.shape[-1])
        for a in (distance, chosen, data.include, groups)
    ]
    pair = np.full(flat[0].shape, -1)
    for member, (d, ours, here, group) in enumerate(zip(*flat, strict=True)):
        if np.isfinite(d[here]).all() and here.any():
            width = np.inf if caliper is None else caliper * d[here].std(ddof=1)
            pair[member] = _pair_up(
                d, np.flatnonzero(ours & here), np.flatnonzero(~ours & here), group, order, width,
                ratio,
            )  # fmt: skip
    shaped = pair.reshape(e.shape)
    matched = np.count_nonzero((shaped >= 0) & chosen, axis=-1)
    return Matches(shaped, focal, sizes[0] - matched, _shared(shaped, chosen), ratio)


def _shared(pair: Ints, focal: Bools) -> Floats:
    """Return weights (..., n): 1 for a matched focal patient, shared by the partners."""
    inside = pair >= 0
    partners = (inside & ~focal)[..., None].astype(float)
    count = sum_by_cluster(partners, np.maximum(pair, 0))[..., 0]
    own = np.take_along_axis(count, np.maximum(pair, 0), -1)
    return np.where(inside, np.where(focal, 1.0, 1 / np.maximum(own, 1.0)), 0.0)


def _refuse(focal: Focal, sizes: list[Ints], ratio: int, where: str) -> None:
    ours, theirs = int(np.min(sizes[0])), int(np.max(sizes[1]))
    other = "untreated" if focal == "treated" else "treated"
    if ours <= theirs:
        raise InputError.of(
            where, "ratio", f"{ours} {focal} patients and {theirs} {other} are not {ratio} for one",
            f"take ratio: {max(1, theirs // ours)}",
        )  # fmt: skip
    raise InputError.of(
        where,
        "focal",
        f"{ours} {focal} patients for {theirs} {other}: "
        f"{ours - theirs} would go without, chosen by order and not by resemblance",
        f"take focal: {other} (the effect among the {other}), or order: closest, or weights",
    )


def _pair_up(
    d: Floats, ours: Ints, theirs: Ints, group: Floats, order: Order, width: float, ratio: int
) -> Ints:
    """Return the pair number of each patient of one data set."""
    finder = _closest_first if order == "closest" else _one_by_one
    rounds = []
    for _ in range(ratio):
        partner = np.full(len(d), -1)
        for level in np.unique(group[ours]):
            mine, others = ours[group[ours] == level], theirs[group[theirs] == level]
            if len(others):
                finder(d, _queue(d, mine, order), others, width, partner)
        rounds.append(partner)
        theirs = np.setdiff1d(theirs, partner[ours])
    pair = np.full(len(d), -1)
    happy = ours[np.max(rounds, axis=0)[ours] >= 0]
    pair[happy] = np.arange(len(happy))
    for partner in rounds:
        found = happy[partner[happy] >= 0]
        pair[partner[found]] = pair[found]
    return pair


def _queue(d: Floats, mine: Ints, order: Order) -> Ints:
    if order in ("data", "closest"):
        return mine
    sign = -1 if order == "largest" else 1
    return mine[np.argsort(sign * d[mine], kind="stable")]


def _one_by_one(d: Floats, queue: Ints, others: Ints, width: float, partner: Ints) -> None:
    """Match patients in turn; among equally near partners the first in the data is taken."""
    ordered = others[np.argsort(d[others], kind="stable")]
    values = d[ordered]
    seats = _Seats(len(ordered))
    first_alike = np.searchsorted(values, values).tolist()
    at = np.searchsorted(values, d[queue]).tolist()
    listed, who = values.tolist(), ordered.tolist()
    for patient, own, place in zip(queue.tolist(), d[queue].tolist(), at, strict=True):
        above, below = seats.free_from(place), seats.free_before(place)
        best, gap = -1, width
        if above < len(who) and listed[above] - own <= gap:
            best, gap = above, listed[above] - own
        if below >= 0 and own - listed[below] <= gap:
            below = seats.free_from(first_alike[below])
            if best < 0 or own - listed[below] < gap or who[below] < who[best]:
                best = below
        if best >= 0:
            partner[patient] = who[best]
            seats.take(best)


class _Seats:
    """Union-find structure for the nearest free position on either side.

    Each occupied position points to the next one to search; paths are halved during the search
    (Tarjan RE, van Leeuwen J. *J ACM* 1984;31:245-281).
    """

    __slots__ = ("down", "up")

    def __init__(self, count: int) -> None:
        # one position beyond either end is never occupied
        self.up = list(range(count + 1))
        self.down = list(range(count + 1))

    def take(self, seat: int) -> None:
        """Mark a position as occupied."""
        self.up[seat] = seat + 1
        self.down[seat + 1] = seat

    def free_from(self, seat: int) -> int:
        """Return the first free position from here on; the number of positions if there is none."""
        return _walk(self.up, seat)

    def free_before(self, seat: int) -> int:
        """Return the last free position before here; -1 if there is none."""
        return _walk(self.down, seat) - 1


def _walk(links: list[int], place: int) -> int:
    while links[place] != place:
        links[place] = links[links[place]]
        place = links[place]
    return place


def _closest_first(d: Floats, mine: Ints, others: Ints, width: float, partner: Ints) -> None:
    """Match the closest remaining pair repeatedly; ties in the order of the data.

    Two patients who are each other's nearest are eventually matched whatever happens to the others,
    so that every round matches all of them at once.
    """
    gaps = np.abs(d[mine][:, None] - d[others][None, :])
    gaps[gaps > width] = np.inf
    while gaps.size and np.isfinite(gaps).any():
        nearest_other, nearest_mine = gaps.argmin(1), gaps.argmin(0)
        row = np.arange(len(mine))
        mutual = (nearest_mine[nearest_other] == row) & np.isfinite(gaps[row, nearest_other])
        partner[mine[mutual]] = others[nearest_other[mutual]]
        free = np.ones(len(others), bool)
        free[nearest_other[mutual]] = False
        mine, others, gaps = mine[~mutual], others[free], gaps[~mutual][:, free]
