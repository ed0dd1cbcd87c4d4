"""Liveness, readiness and metrics."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from serving.dependencies import ServicesDep
from serving.health.schemas import DependencyState, Liveness, Readiness
from serving.health.service import check_columns, check_models, check_opensearch, check_postgresql, outbox_lag

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="Is the process alive?")
async def live() -> Liveness:
    """Answer at once; say nothing of other parts."""
    return Liveness(status="alive")


@router.get(
    "/readyz",
    summary="Can requests be served?",
    responses={503: {"model": Readiness, "description": "Requests cannot be served: PostgreSQL does not answer."}},
)
async def ready(services: ServicesDep, response: Response) -> Readiness:
    """Ask each part that the service leans on; only PostgreSQL is needed, the rest makes answers better."""
    postgresql, opensearch = await asyncio.gather(check_postgresql(services), check_opensearch(services))
    readiness = Readiness(
        ready=postgresql.state is not DependencyState.DOWN,
        dependencies=[postgresql, opensearch, *check_columns(services), *check_models(services)],
    )
    response.status_code = 200 if readiness.ready else 503
    return readiness


@router.get("/metrics", summary="Prometheus metrics", response_class=Response)
async def metrics(services: ServicesDep) -> Response:
    """Counts and timings in Prometheus' text format; keep the address to those who collect them."""
    services.metrics.lag.set(await outbox_lag(services))
    return Response(generate_latest(services.metrics.registry), media_type=CONTENT_TYPE_LATEST)
