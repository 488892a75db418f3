"""Prediction models that a plan names: published coefficients, or a column of predicted risks."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field, model_validator
from scipy.special import expit

from estimate.core.arrays import Bools
from estimate.core.columns import Numeric, read_columns
from estimate.core.result import plain
from estimate.prediction.sample_size import ValidationSize, validation_size
from estimate.prediction.validation import Validation, validate_predictions
from protocol.reading.documents import Document
from protocol.reading.fields import Number

Coefficient = Annotated[Number, Field(ge=-1e6, le=1e6)]


class PredictionModel(Document):
    """A model to validate: ``column`` of risks from 0 to 1, or ``intercept`` and ``coefficients``.

    Coefficients are log odds per unit of numeric columns; a nomogram's points are such.
    """

    column: str | None = None
    intercept: Coefficient | None = None
    coefficients: dict[str, Coefficient] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.column is None) == (self.intercept is None):
            raise ValueError("give `column`, or `intercept` and `coefficients`")
        if (self.intercept is None) != (not self.coefficients):
            raise ValueError("`intercept` and `coefficients` go together")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that the model needs."""
        return tuple(self.coefficients) if self.column is None else (self.column,)


@dataclass(frozen=True, slots=True)
class ValidatedModel:
    """A model with its validation; ``needed`` is None where there is no discrimination."""

    name: str
    found: Validation
    excluded: int
    needed: ValidationSize | None

    def record(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        parts = asdict(self.found)
        parts["groups"] = [
            dict(zip(("predicted", "observed", "low", "high", "patients"), row, strict=True))
            for row in self.found.groups
        ]
        parts["curve"] = [
            {"threshold": t, **asdict(benefit), "treat_all": every}
            for t, benefit, every in self.found.curve
        ]
        needed = None if self.needed is None else asdict(self.needed)
        record = {"name": self.name, "excluded": self.excluded, **parts, "patients_needed": needed}
        return {name: _finite(each) for name, each in record.items()}


def _finite(value: Any) -> Any:
    """Return nested values with None for non-finite numbers."""
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_finite(each) for each in value]
    return plain(value) if isinstance(value, float) else value


def validated_models(
    columns: Any, models: Mapping[str, PredictionModel], outcome: str, include: Bools, where: str
) -> Iterator[ValidatedModel]:
    """Yield each model validated in the patients analysed whose columns are known."""
    for name, model in models.items():
        kinds = dict.fromkeys((outcome, *model.columns), Numeric())
        read = read_columns(columns, kinds, where)
        known = include & np.all([np.isfinite(read[each]) for each in kinds], axis=0)
        if model.column is not None:
            risk = read[model.column]
        else:
            slopes = [slope * read[each] for each, slope in model.coefficients.items()]
            risk = expit(np.sum([np.full(len(known), model.intercept or 0.0), *slopes], axis=0))
        found = validate_predictions(risk[known], read[outcome][known])
        c, share = found.c_statistic.value, found.events / found.n
        needed = validation_size(share, c) if 0.5 < c < 1 else None
        yield ValidatedModel(name, found, int((include & ~known).sum()), needed)
