"""The API's description: stable operation ids, every problem documented, examples throughout."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel

from lodestay.errors import (
    Conflict,
    Forbidden,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    ServiceUnavailable,
    Unauthenticated,
    UnsupportedContent,
)
from serving.problems import BAD_REQUEST, CONTENT_TOO_LARGE, MEDIA_TYPE, Fault, Problem

REF = "#/components/schemas/Problem"

MEANINGS = {
    400: "The request cannot be read.",
    401: "No caller is known, or the token does not verify.",
    403: "The caller's role does not allow this.",
    404: "No such thing, or none that this caller may see.",
    409: "The present state refuses it; `type` and `rule` say what is in the way.",
    412: "What was to be changed is no longer what `If-Match` names; `version` says what it is.",
    413: "The body is too large.",
    415: "The body is not said to be plain JSON.",
    422: "A field is missing or not valid; `errors` names it.",
    428: "The edit must say by `If-Match` what it was made from.",
    503: "An outside system does not answer; try again after `Retry-After` seconds.",
}

_FAMILIES = (
    Unauthenticated,
    Forbidden,
    NotFound,
    Conflict,
    PreconditionFailed,
    PreconditionRequired,
    UnsupportedContent,
    ServiceUnavailable,
)
FAULT_OF = {
    BAD_REQUEST.status: BAD_REQUEST,
    CONTENT_TOO_LARGE.status: CONTENT_TOO_LARGE,
    **{each.status: Fault(each.status, each.slug(), each.title, MEANINGS[each.status]) for each in _FAMILIES},
}
"""What stands for each status in the examples: most answers are of a narrower type."""


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Responses of an operation that can fail with these statuses."""
    return {status: _response(status) for status in statuses}


def _response(status: int) -> dict[str, Any]:
    media: dict[str, Any] = {"schema": {"$ref": REF}}
    fault = FAULT_OF.get(status)
    if fault is not None:  # the example of the schema itself is that of a 422
        media["example"] = {
            "type": f"/problems/{fault.slug}",
            "title": fault.title,
            "status": status,
            "detail": fault.detail,
            "instance": "/v1/...",
            "request_id": "01930f6e-3c52-7d3b-8f1e-0c8c2f0a9d11",
        }
    return {"description": MEANINGS[status], "content": {MEDIA_TYPE: media}}


def _shapes(app: FastAPI) -> Iterator[type[BaseModel]]:
    """Models of what operations take and answer with."""
    routes = (context.original_route for context in iter_route_contexts(app.routes))
    for route in (route for route in routes if isinstance(route, APIRoute)):
        bodies = [parameter.field_info.annotation for parameter in route.dependant.body_params]
        answers = [route.response_model, *(each.get("model") for each in route.responses.values())]
        yield from (model for model in (*bodies, *answers) if isinstance(model, type) and issubclass(model, BaseModel))


def operation_id(route: APIRoute) -> str:
    """Name of the function: stable for generated clients as long as nobody renames it."""
    return route.name


def describe(app: FastAPI) -> dict[str, Any]:
    """Make the OpenAPI document of an app, with the schema of problems in it."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            description=app.description,
            routes=app.routes,
            tags=app.openapi_tags,
        )
        problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.update(problem.pop("$defs", {}))
        schemas["Problem"] = problem
        for unused in ("HTTPValidationError", "ValidationError"):  # FastAPI's own shape of a 422
            schemas.pop(unused, None)
        for model in _shapes(app):
            if (extra := model.model_config.get("json_schema_extra")) and isinstance(extra, dict):
                schemas[model.__name__]["examples"] = extra["examples"]  # again: FastAPI has left out what is null
        app.openapi_schema = document
    return app.openapi_schema
