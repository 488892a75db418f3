"""Requests of CDS Hooks clients; fields that the service does not use are ignored."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Hook = Literal["patient-view", "order-sign"]


class HookContext(BaseModel):
    """Context of the call in the health record."""

    model_config = ConfigDict(extra="allow")

    patientId: Annotated[str, Field(min_length=1, max_length=200)]  # noqa: N815  name of the standard
    userId: str | None = None  # noqa: N815  name of the standard
    draftOrders: dict[str, Any] | None = None  # noqa: N815  name of the standard


class HookRequest(BaseModel):
    """A call of a service (CDS Hooks 2.0, section HTTP Request)."""

    model_config = ConfigDict(extra="allow")

    hook: Hook
    hookInstance: UUID  # noqa: N815  name of the standard
    context: HookContext
    prefetch: dict[str, Any] | None = None
