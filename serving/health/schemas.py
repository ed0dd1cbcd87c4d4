"""What the service says of its health."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, Field


class DependencyState(StrEnum):
    """How a part that the service leans on is."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"


class Dependency(BaseModel):
    """A part that the service leans on."""

    name: str = Field(examples=["postgresql"])
    state: DependencyState
    detail: str = Field(examples=["answers"])


class Liveness(BaseModel):
    """The process runs."""

    status: str = Field(examples=["alive"])


class Readiness(BaseModel):
    """Whether requests can be served; without OpenSearch or models they can, poorer."""

    ready: bool
    dependencies: list[Dependency]
