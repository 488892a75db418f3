"""Feedback on cards: accepted or overridden, by the codes that the cards offered.

Nothing is stored: each outcome is written as a line of JSON to standard output, without free text,
which could identify a patient.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from pretese.io.text.json_text import to_json
from pretese.screen.terminal import echo


class Reason(BaseModel):
    """A coding of an override reason."""

    model_config = ConfigDict(extra="allow")

    code: Annotated[str, Field(max_length=100)]
    system: Annotated[str, Field(max_length=300)]


class OverrideReason(BaseModel):
    """Reason for overriding a card."""

    model_config = ConfigDict(extra="allow")

    reason: Reason | None = None


class AcceptedSuggestion(BaseModel):
    """An accepted suggestion."""

    model_config = ConfigDict(extra="allow")

    id: UUID


class Outcome(BaseModel):
    """Feedback on one card (CDS Hooks 2.0, section Feedback)."""

    model_config = ConfigDict(extra="allow")

    card: UUID
    outcome: Literal["accepted", "overridden"]
    acceptedSuggestions: tuple[AcceptedSuggestion, ...] = ()  # noqa: N815  name of the standard
    overrideReason: OverrideReason | None = None  # noqa: N815  name of the standard
    outcomeTimestamp: dt.datetime  # noqa: N815  name of the standard


class FeedbackRequest(BaseModel):
    """The body of a feedback call."""

    model_config = ConfigDict(extra="allow")

    feedback: Annotated[tuple[Outcome, ...], Field(min_length=1, max_length=100)]


def print_outcomes(service: str, outcomes: Sequence[Outcome]) -> None:
    """Write a line for each outcome."""
    for each in outcomes:
        reason = each.overrideReason.reason if each.overrideReason else None
        line = {
            "service": service,
            "card": str(each.card),
            "outcome": each.outcome,
            "accepted": [str(one.id) for one in each.acceptedSuggestions],
            "reason": reason.code if reason else None,
            "at": each.outcomeTimestamp.isoformat(),
        }
        echo(to_json(line, indent=None))
