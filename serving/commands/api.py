"""Calls to the running API, for commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx2

from lodestay.errors import InvalidInput, LodestayError, NotFound, ServiceUnavailable
from lodestay.settings import Settings

SECONDS = 30.0


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
    raise _refused(answer)


def _refused(answer: httpx2.Response) -> LodestayError:
    try:
        problem = answer.json()
    except ValueError:
        return ApiRefused(f"HTTP {answer.status_code} without an explanation.", hint="See the API's log.")
    fields = "; ".join(f"{each['field']}: {each['message']}" for each in problem.get("errors", ()))
    kind = {404: NotFound, 422: InvalidInput, 503: ApiUnavailable}.get(answer.status_code, ApiRefused)
    return kind(
        f"{problem.get('detail', answer.status_code)}{f' {fields}' if fields else ''}",
        hint=problem.get("hint"),
        request_id=problem.get("request_id"),
    )
