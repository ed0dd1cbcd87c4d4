"""What the service says of its health."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, Field

from serving.schemas import example


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

    model_config = example(status="alive")

    status: str = Field(examples=["alive"])


class Readiness(BaseModel):
    """Whether requests can be served; without OpenSearch or models they can, poorer."""

    model_config = example(
        ready=True,
        dependencies=[
            Dependency(name="postgresql", state=DependencyState.UP, detail="1 markets"),
            Dependency(name="opensearch", state=DependencyState.DOWN, detail="no address is known"),
        ],
    )

    ready: bool
    dependencies: list[Dependency]
