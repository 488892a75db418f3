"""Sections of a plan: covariates, subgroups, matching, missing values."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from estimate.causal.matching import Focal, Order
from estimate.core.analysis_set import OutcomeKind
from estimate.core.columns import Categorical, Kind, Numeric
from estimate.core.estimand import Strategy
from estimate.core.result import Scale
from estimate.methods.shared_work import MatchingRule
from protocol.reading.documents import Document
from protocol.reading.fields import Number, Whole
from protocol.shorten import shorten

#: Pairs of these must be increasing and between 0 and 100.
Percent = Annotated[Number, Field(ge=-1000, le=1000)]

#: A label of a column.
Label = Annotated[str, Field(min_length=1, max_length=80)]

_CUT = r"^(<|<=|>|>=)\s*-?[0-9]{1,15}(\.[0-9]{1,15})?$"
_KIND_CURE = "write `numeric`, or `categorical: [reference, other, ...]`"


def read_level(value: Any) -> str:
    """Return a level as the table spells it; a whole number needs no quotes."""
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(value)
    raise ValueError(f"{shorten(value)} is not a level; put it in quotes, as the table spells it")


def read_kind(value: Any) -> Kind:
    """Return the kind of a covariate from `numeric` or `categorical: [reference, other, ...]`."""
    if isinstance(value, Numeric | Categorical):
        return value
    if value == "numeric":
        return Numeric()
    if not (isinstance(value, Mapping) and set(value) == {"categorical"}):
        raise ValueError(_KIND_CURE)
    levels = value["categorical"]
    if not isinstance(levels, list) or len(levels) < 2:
        raise ValueError("list two levels or more; the first is the reference")
    names = tuple(read_level(level) for level in levels)
    if len(set(names)) < len(names):
        raise ValueError("a level is listed twice")
    return Categorical(names)


def written_kind(kind: Kind) -> Any:
    """Return a kind as `read_kind` reads it."""
    return {"categorical": list(kind.levels)} if isinstance(kind, Categorical) else "numeric"


def name_alone(value: Any) -> Any:
    """Accept `missing: none` for `missing: {method: none}`."""
    return {"method": value} if isinstance(value, str) else value


class MissingData(Document):
    """The handling of missing covariates.

    Patients whose treatment or outcome is missing are always excluded, and counted.
    """

    #: "none" declares that nothing is missing, and is an error if something is.
    method: Literal["mice", "complete-case", "none"] = "complete-case"
    imputations: Annotated[Whole, Field(ge=2, le=1000)] = 20
    iterations: Annotated[Whole, Field(ge=1, le=1000)] = 10
    #: incomplete covariate: the covariates it is imputed from, besides treatment and outcome, which
    #: always are among them. A covariate not named here is imputed from all others.
    predictors: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class Matching(Document):
    """Choices of one-to-one matching; see `estimate.causal.matching.match_nearest`."""

    #: None is the smaller arm; the result names it.
    focal: Focal | None = None
    order: Order | None = None
    #: of the standard deviation of the distance measure
    caliper_percent: Annotated[Number, Field(ge=1e-6, le=1e6)] | None = None
    on: Literal["score", "logit"] = "logit"
    exact: str | None = None
    #: partners of each focal patient
    ratio: Annotated[Whole, Field(ge=1, le=20)] = 1

    @property
    def rule(self) -> MatchingRule:
        """The same in the form used by estimators."""
        caliper = None if self.caliper_percent is None else self.caliper_percent / 100
        return MatchingRule(self.focal, self.order, caliper, self.on, self.exact, self.ratio)


class Outcome(Document):
    """The outcome: a column and its kind, a time to an event, or events among trials.

    Only ``column``: a 0/1 outcome, or a measurement if it holds more than ten distinct numbers.
    ``levels`` order the classes of an ordinal outcome, the lowest first. ``exposure`` is the
    denominator of a count. ``time`` is follow-up, at the end of which ``event`` is 0 or 1;
    ``horizon`` is the time at which risks and restricted means are compared. ``events`` among
    ``trials``, such as fertilised among injected oocytes, are analysed as one row per trial,
    clustered by row of the table. ``visits`` are columns of one measurement at two visits or more,
    in their order; ``baseline`` is the covariate with the measurement before treatment.
    """

    column: str | None = None
    kind: Literal["binary", "continuous", "count", "ordinal"] | None = None
    levels: tuple[str, ...] = ()
    exposure: str | None = None
    time: str | None = None
    event: str | None = None
    horizon: Annotated[Number, Field(gt=0, le=1e6)] | None = None
    events: str | None = None
    trials: str | None = None
    visits: Annotated[tuple[str, ...], Field(max_length=12)] = ()
    baseline: str | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        forms = (
            self.column is not None, self.time is not None, self.events is not None,
            bool(self.visits),
        )  # fmt: skip
        if sum(forms) != 1:
            raise ValueError(
                "give `column`, or `time` and `event`, or `events` and `trials`, or `visits`"
            )
        if self.visits and len(set(self.visits)) < max(2, len(self.visits)):
            raise ValueError("`visits` are two columns or more, each named once")
        if self.baseline is not None and not self.visits:
            raise ValueError("`baseline` goes with `visits`")
        if (self.time is None) != (self.event is None):
            raise ValueError("`time` and `event` go together")
        if (self.events is None) != (self.trials is None):
            raise ValueError("`events` and `trials` go together")
        if (self.kind == "ordinal") != (len(self.levels) > 0):
            raise ValueError("`kind: ordinal` goes with `levels`, the lowest first")
        if self.exposure is not None and self.kind != "count":
            raise ValueError("`exposure` goes with `kind: count`")
        if self.horizon is not None and self.time is None:
            raise ValueError("`horizon` goes with `time`")
        return self

    @property
    def name(self) -> str:
        """The column of the outcome itself; for visits, words for all of them."""
        if self.visits:
            return f"{self.visits[0]} to {self.visits[-1]}"
        return str(self.column or self.event or self.events)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is named."""
        if self.visits:
            return self.visits
        beside = (self.exposure, self.time, self.trials)
        return (self.name, *(name for name in beside if name is not None))

    @property
    def declared(self) -> OutcomeKind | None:
        """The kind that the plan states; None if it is found from the values."""
        if self.time is not None:
            return "time"
        if self.visits:
            return "repeated"
        return "binary" if self.events is not None else self.kind


def read_outcome(value: Any) -> Any:
    """Accept a name for a column."""
    return {"column": value} if isinstance(value, str) else value


class Event(Document):
    """An intercurrent event and its strategy (ICH E9(R1), A.3.2)."""

    event: str
    strategy: Strategy


class Primary(Document):
    """The primary estimate: a method of the plan, and one of its effect measures."""

    method: str
    effect: Scale


class Subgroup(Document):
    """Subgroups by one covariate: a number at a cut-off, or a category in named groups.

    ``cut`` is a comparison such as "< 35" or "> 3"; it and its contrary are the two groups, the
    lower one first. ``groups`` names sets of levels, all levels once; without it every level of a
    category is a group, and every value of a number that has few, such as 0 and 1.
    """

    by: str
    cut: Annotated[str, Field(pattern=r"^(<|<=|>|>=)\s*-?[0-9]{1,15}(\.[0-9]{1,15})?$")] | None = (
        None
    )
    groups: dict[str, tuple[Annotated[str, BeforeValidator(read_level)], ...]] | None = None

    @model_validator(mode="after")
    def _one_division(self) -> Self:
        if self.cut is not None and self.groups is not None:
            raise ValueError("give cut or groups, not both")
        if self.groups is not None and len(self.groups) < 2:
            raise ValueError("name two groups or more")
        return self

    @property
    def at(self) -> float:
        """The number of the cut, in the unit of the covariate."""
        return float((self.cut or "nan").lstrip("<>= "))

    @property
    def lower_holds_it(self) -> bool:
        """Whether a patient exactly at the cut is in the lower group."""
        return (self.cut or "").startswith("<=") or (self.cut or "")[:2].strip() == ">"


class LiveBirthColumns(Document):
    """Columns with outcomes of couples after retrieval; those without a transfer are excluded.

    ``transfers`` counts a couple's embryo transfers, of which the last is the birth where
    ``birth`` is 1; ``embryos_left`` (0/1) is whether frozen embryos remain; it is optional.
    """

    transfers: str
    birth: str
    embryos_left: str | None = None


class Measured(Document):
    """Columns measured before and after therapy in the same patients.

    ``by`` is a column that divides the patients into groups; None means one group.
    """

    before: str
    after: str
    by: str | None = None


class Mediator(Document):
    """A mediator of the effect of treatment: numeric or 0/1, measured after the start of treatment.

    ``post_treatment`` names confounders of mediator and outcome that treatment may change; the
    effects are then not identified, and a caution is added. With ``interaction`` the effect of the
    mediator may differ between the arms.
    """

    column: str
    post_treatment: tuple[str, ...] = ()
    interaction: bool = False


def check_division(
    name: str, group: Subgroup, kind: Kind | None, *, by_value: bool = False
) -> None:
    """Raise ValueError if a division does not suit the covariate that divides.

    ``by_value`` lets a number without a cut divide by its values, which the data then show.
    """
    if isinstance(kind, Numeric) and group.groups is not None:
        raise ValueError(f'{name}: {group.by} is a number; give a cut, for example "< 35"')
    if isinstance(kind, Numeric) and group.cut is None and not by_value:
        raise ValueError(f'{name}: {group.by} is a number; give a cut, for example "< 35"')
    if isinstance(kind, Categorical):
        if group.cut is not None:
            raise ValueError(f"{name}: {group.by} is categorical; give `groups`")
        listed = [level for levels in (group.groups or {}).values() for level in levels]
        if group.groups is not None and sorted(listed) != sorted(kind.levels):
            levels = ", ".join(kind.levels)
            raise ValueError(f"{name}: its groups must hold every level once: {levels}")
