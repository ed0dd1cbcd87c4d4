"""Calls to the running API, for commands."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

import httpx2

from lodestay.errors import InvalidInput, LodestayError, NotFound, ServiceUnavailable
from lodestay.settings import Settings

SECONDS = 30.0
ARGUMENTS: Final = frozenset({"text"})
"""Parameters that commands take without an option's name."""
HINTS: Final = {
    "/problems/market-not-found": "`lodestay markets` lists their keys.",
    "/problems/place-not-found": "Name a market (`lodestay markets` lists them), or give --bounds.",
}
"""Ways out that a terminal has and the API has not."""
_NAME: Final = re.compile(r"`(?P<quoted>[a-z_]+)`|\b(?P<bare>[a-z]+(?:_[a-z]+)+)\b")


class ApiUnavailable(ServiceUnavailable):
    """The API does not answer."""

    title = "The API does not answer"


class ApiRefused(ServiceUnavailable):
    """The API answered with a problem."""

    title = "The API refused"


def get(settings: Settings, path: str, *, params: Mapping[str, Any], token: str | None) -> Any:
    """GET a resource as JSON; what goes wrong is an error that says how to mend it.

    Parameters
    ----------
    params
        Query parameters; None is left out, a list is repeated.
    """
    if settings.api_url is None:
        raise ApiUnavailable("The address of the API is not known.", hint="Start it with `lodestay up`.")
    base = str(settings.api_url).rstrip("/")
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    sent = {name: value for name, value in params.items() if value not in (None, [], "")}
    try:
        # No proxy for a service that is, most often, on this machine.
        with httpx2.Client(base_url=base, timeout=SECONDS, trust_env=False) as client:
            answer = client.get(path, params=sent, headers=headers)
    except httpx2.TransportError as error:
        raise ApiUnavailable(
            f"Nothing answers at {base} ({type(error).__name__}).",
            hint="Start it with `lodestay up`, or see `lodestay status`.",
        ) from None
    if answer.is_success:
        return answer.json()
    raise _refused(answer, params)


def _refused(answer: httpx2.Response, parameters: Collection[str]) -> LodestayError:
    """The error that a problem is to who typed a command: the API speaks to programs, of parameters and pages."""
    try:
        problem = answer.json()
    except ValueError:
        return ApiRefused(f"HTTP {answer.status_code} without an explanation.", hint="See the API's log.")
    kind = {404: NotFound, 422: InvalidInput, 503: ApiUnavailable}.get(answer.status_code, ApiRefused)
    fields = problem.get("errors", ())
    detail = "; ".join(map(_field, fields)) or str(problem.get("detail", answer.status_code))
    hint = "The option --help says what can be asked." if fields else _hint(problem)
    named = frozenset(parameters) - ARGUMENTS
    return kind(
        _in_options(detail, named), hint=hint and _in_options(hint, named), request_id=problem.get("request_id")
    )


def _field(error: Mapping[str, Any]) -> str:
    """What is wrong with a parameter; a rule over several is told of none of them."""
    return error["message"] if error["field"] == error["location"] else f"`{error['field']}`: {error['message']}"


def _hint(problem: Mapping[str, Any]) -> str | None:
    """How to mend it, from a terminal where that is another way than a program's."""
    return HINTS.get(problem.get("type", ""), problem.get("hint"))


def _in_options(text: str, parameters: Collection[str]) -> str:
    """Put options for parameters: those in backticks, and names that no sentence has for a word."""

    def option(found: re.Match[str]) -> str:
        name = found["quoted"] or found["bare"]
        return f"--{name.replace('_', '-')}" if name in parameters else found[0]

    return _NAME.sub(option, text)
