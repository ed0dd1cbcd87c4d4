"""Problem details (RFC 9457): the one shape of every error the service answers with.

A domain error brings its status, title, hint and extension members along (`lodestay.errors`); here
they are only written down. The `type` of each problem is the address of a page that explains it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from http import HTTPStatus
from typing import Any

import psycopg
from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.types import Scope

from lodestay.errors import InvalidInput, LodestayError, ServiceUnavailable, Unauthenticated
from serving.fields import known_fields
from transactional.kit.sqlstate import is_away

BLANK = "about:blank"
UNKNOWN = "extra_forbidden"
"""Type of pydantic's error of a field that a model does not have."""
MEDIA_TYPE = "application/problem+json"


class FieldProblem(BaseModel):
    """A field at fault and what is wrong with it."""

    location: str = Field(description="`query`, `path`, `header` or `body`.", examples=["query"])
    field: str = Field(description="Dotted name of the field.", examples=["check_in"])
    message: str = Field(examples=["Input should be a valid date in the format YYYY-MM-DD"])


class Problem(BaseModel):
    """What went wrong (RFC 9457). Further members depend on `type`."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "type": "/problems/invalid-input",
                    "title": "Invalid input",
                    "status": 422,
                    "detail": "Not valid: check_in.",
                    "instance": "/v1/search",
                    "request_id": "01930f6e-3c52-7d3b-8f1e-0c8c2f0a9d11",
                    "hint": "See `errors`, and /docs.",
                    "errors": [
                        {
                            "location": "query",
                            "field": "check_in",
                            "message": "Input should be a date such as 2026-12-31",
                        }
                    ],
                }
            ]
        },
    )

    type: str = Field(description="Address of the page that explains the problem.", examples=["/problems/not-found"])
    title: str = Field(description="The same words for every problem of this type.")
    status: int = Field(description="The HTTP status, again.")
    detail: str = Field(description="What is wrong this time.")
    instance: str = Field(description="Path of the request.")
    request_id: str = Field(description="Quote it when asking for help; the logs know it.")
    hint: str | None = Field(None, description="How to mend it.")
    errors: list[FieldProblem] | None = Field(None, description="Each field at fault, for invalid input.")


@dataclass(frozen=True)
class Fault:
    """A problem that HTTP itself knows, with no domain error behind it.

    Attributes
    ----------
    slug
        Name of its page; None where the status says it all (RFC 9457's ``about:blank``).
    """

    status: int
    slug: str | None
    title: str
    detail: str
    hint: str | None = None


BAD_REQUEST = Fault(400, "bad-request", "Bad request", "The request could not be read.", "Send well-formed JSON.")
NO_SUCH_PATH = Fault(404, "no-such-path", "No such path", "Nothing lives at this address.", "See /docs.")
METHOD_NOT_ALLOWED = Fault(
    405, "method-not-allowed", "Method not allowed", "This address does not know that method.", "See the Allow header."
)
CONTENT_TOO_LARGE = Fault(
    413, "content-too-large", "Content too large", "The body is larger than is taken.", "Send less at a time."
)
INTERNAL_ERROR = Fault(
    500,
    "internal-error",
    "Something went wrong",
    "The request failed for a reason that is ours, not yours.",
    "Try again; if it stays, report the request id.",
)
FAULTS = (BAD_REQUEST, NO_SUCH_PATH, METHOD_NOT_ALLOWED, CONTENT_TOO_LARGE, INTERNAL_ERROR)


def problem_response(
    scope: Scope,
    fault: Fault,
    *,
    extensions: Mapping[str, Any] | None = None,
    errors: Sequence[FieldProblem] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Write a problem down as the answer to the request of `scope`."""
    problem = Problem(
        type=BLANK if fault.slug is None else f"/problems/{fault.slug}",
        title=fault.title,
        status=fault.status,
        detail=fault.detail,
        instance=scope["path"],
        request_id=scope.get("lodestay.request_id", ""),
        hint=fault.hint,
        errors=list(errors) or None,
    )
    # The standard members win over an extension of the same name.
    body = {**jsonable_encoder(extensions or {}), **problem.model_dump(exclude_none=True)}
    return JSONResponse(body, fault.status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def fault_of(error: LodestayError) -> Fault:
    """The problem that a domain error stands for."""
    return Fault(error.status, error.slug(), error.title, error.detail, error.hint)


def on_domain_error(request: Request, error: Exception) -> JSONResponse:
    """Answer a domain error."""
    assert isinstance(error, LodestayError)  # noqa: S101 (registered for this type)
    headers = {}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="lodestay"'
    if isinstance(error, ServiceUnavailable):
        headers["Retry-After"] = "1"
    return problem_response(request.scope, fault_of(error), extensions=error.extensions, headers=headers)


def on_invalid_request(request: Request, error: Exception) -> JSONResponse:
    """Answer input that does not fit the schema, naming each field and never repeating its value."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 (registered for this type)
    errors = [_field_problem(each) for each in error.errors()]
    named = ", ".join(dict.fromkeys(each.field for each in errors))
    meant = [f"`{name}`" for each in error.errors() for name in _names_meant(request.scope, each)]
    hint = f"Did you mean {' or '.join(dict.fromkeys(meant))}? See /docs." if meant else "See `errors`, and /docs."
    fault = Fault(422, InvalidInput.slug(), InvalidInput.title, f"Not valid: {named}.", hint)
    return problem_response(request.scope, fault, errors=errors)


def _names_meant(scope: Scope, error: Mapping[str, Any]) -> list[str]:
    """Names of fields that are like the one sent, where that is not known."""
    if error["type"] != UNKNOWN:
        return []
    location, *path, sent = error["loc"]
    return get_close_matches(str(sent).lower(), known_fields(scope.get("route"), location, path), n=2, cutoff=0.6)


def _field_problem(error: Mapping[str, Any]) -> FieldProblem:
    location, *path = error["loc"]
    if error["type"] == "json_invalid":
        path = []  # a position in the text, not a field
    return FieldProblem(
        location=str(location),
        field=".".join(str(part) for part in path) or str(location),
        message="Not known here" if error["type"] == UNKNOWN else error["msg"].removeprefix("Value error, "),
    )


def on_http_error(request: Request, error: Exception) -> JSONResponse:
    """Answer what the framework refuses by itself: paths, methods, unreadable bodies."""
    assert isinstance(error, HTTPException)  # noqa: S101 (registered for this type)
    fault = next((each for each in FAULTS if each.status == error.status_code), None)
    if fault is None:
        fault = Fault(error.status_code, None, HTTPStatus(error.status_code).phrase, str(error.detail))
    return problem_response(request.scope, fault, headers=error.headers)


def on_database_error(request: Request, error: Exception) -> JSONResponse:
    """Answer 503 where PostgreSQL does not; anything else of the database is a fault of ours."""
    if isinstance(error, DBAPIError | psycopg.Error) and not is_away(error):
        raise error
    down = ServiceUnavailable("PostgreSQL does not answer.", hint="Try again in a moment.")
    return on_domain_error(request, down)


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every kind of error with a problem; what slips through is caught by `RequestContext`."""
    app.add_exception_handler(LodestayError, on_domain_error)
    app.add_exception_handler(RequestValidationError, on_invalid_request)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(DBAPIError, on_database_error)
    app.add_exception_handler(psycopg.Error, on_database_error)
    app.add_exception_handler(PoolTimeout, on_database_error)
