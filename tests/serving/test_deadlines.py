"""The limit on reads: on their beginning, and on nothing else."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from serving.deadlines import ReadsInTime
from tests.serving.virtual_time import run

LIMIT = 5.0


class Slow:
    """An application that takes its time before an answer, and within it."""

    def __init__(self, *, before: float, within: float = 0.0, error: Exception | None = None) -> None:
        self.before, self.within, self.error = before, within, error
        self.is_stopped = False

    async def __call__(self, _scope: Any, _receive: Any, send: Any) -> None:
        """Answer."""
        try:
            await asyncio.sleep(self.before)
        except asyncio.CancelledError:
            self.is_stopped = True
            await asyncio.sleep(60)  # a database that hangs holds on to who gives up
            raise
        if self.error is not None:
            raise self.error
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(self.within)
        await send({"type": "http.response.body", "body": b"all of it"})


def served(app: Slow, method: str = "GET") -> tuple[int, bytes, float]:
    """Status and body of an answer, and the seconds that it took."""

    async def ask() -> tuple[int, bytes, float]:
        sent: list[dict[str, Any]] = []

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": method, "path": "/v1/listings/1", "headers": [], "query_string": b""}
        await ReadsInTime(app, seconds=LIMIT)(scope, None, send)  # type: ignore[arg-type]  # nothing is received
        start, body = sent
        return start["status"], body["body"], asyncio.get_running_loop().time()

    return run(ask())[0]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_read_that_is_late_is_refused_and_stopped(method: str) -> None:
    """At the limit, though to stop takes it a minute more, and nothing of it reaches the client after that."""
    app = Slow(before=600.0)
    status, body, seconds = served(app, method)
    assert (status, seconds, app.is_stopped) == (503, LIMIT, True)
    assert b"/problems/service-unavailable" in body


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_what_may_change_something_is_never_cut_off(method: str) -> None:
    """Its caller would not know whether it did."""
    assert served(Slow(before=600.0), method) == (200, b"all of it", 600.0)


def test_an_answer_that_has_begun_is_sent_to_its_end() -> None:
    """A slow client, or a long list, is not what the limit is for."""
    assert served(Slow(before=1.0, within=600.0)) == (200, b"all of it", 601.0)


def test_a_failure_is_passed_on() -> None:
    """It is for the layers around to tell."""
    with pytest.raises(KeyError):
        served(Slow(before=1.0, error=KeyError("no")))
