"""The API's description: stable operation ids, every problem documented, examples throughout."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel

from serving.problems import MEDIA_TYPE, Problem

REF = "#/components/schemas/Problem"

MEANINGS = {
    400: "The request cannot be read.",
    401: "No caller is known, or the token does not verify.",
    403: "The caller's role does not allow this.",
    404: "No such thing, or none that this caller may see.",
    409: "The present state refuses it; `type` and `rule` say what is in the way.",
    412: "What was to be changed is no longer what `If-Match` names; `version` says what it is.",
    413: "The body is too large.",
    422: "A field is missing or not valid; `errors` names it.",
    428: "The edit must say by `If-Match` what it was made from.",
    503: "An outside system does not answer; try again after `Retry-After` seconds.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Responses of an operation that can fail with these statuses."""
    return {status: _response(status) for status in statuses}


def _response(status: int) -> dict[str, Any]:
    return {"description": MEANINGS[status], "content": {MEDIA_TYPE: {"schema": {"$ref": REF}}}}


def _answers(app: FastAPI) -> Iterator[type[BaseModel]]:
    """Models of what operations answer with."""
    routes = (context.original_route for context in iter_route_contexts(app.routes))
    for route in (route for route in routes if isinstance(route, APIRoute)):
        answers = [route.response_model, *(each.get("model") for each in route.responses.values())]
        yield from (model for model in answers if isinstance(model, type) and issubclass(model, BaseModel))


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
        for model in _answers(app):
            if (extra := model.model_config.get("json_schema_extra")) and isinstance(extra, dict):
                schemas[model.__name__]["examples"] = extra["examples"]  # again: FastAPI has left out what is null
        app.openapi_schema = document
    return app.openapi_schema
