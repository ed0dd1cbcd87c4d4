"""Administration over HTTP."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from serving.dependencies import AdminActor, ServicesDep
from serving.health.schemas import Dependency, DependencyState
from serving.health.service import check_models
from serving.openapi import problems
from serving.schemas import example

router = APIRouter(prefix="/v1/admin", tags=["admin"])


class Reloaded(BaseModel):
    """What is in memory now."""

    model_config = example(models=[Dependency(name="ranking model", state=DependencyState.UP, detail="ranking@3")])

    models: list[Dependency] = Field(description="Each model and table of features, and how it is.")


@router.post("/reload", summary="Look for newer models now", responses=problems(401, 403, 503))
async def reload_models(_actor: AdminActor, services: ServicesDep) -> Reloaded:
    """Take up newer models and features at once; the process looks by itself every 15 seconds."""
    await services.models.look()
    return Reloaded(models=check_models(services))
