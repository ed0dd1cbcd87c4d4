"""Steps that a process does over and over beside its requests, whatever comes of one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import psycopg
import structlog
from sqlalchemy.exc import SQLAlchemyError

from lodestay.errors import ServiceUnavailable

PAUSE_SECONDS = 0.25
"""After a step that failed, at least: what is down is not asked ten times a second, and soon found when it is back."""

log = structlog.get_logger(__name__)


async def again_and_again(step: Callable[[], Awaitable[None]], *, every: float, stop: asyncio.Event, what: str) -> None:
    """Do a step and wait, until told to stop: never stopped in the middle of a statement.

    Parameters
    ----------
    what
        What the step is for, as the log names it: "columns".
    """
    while not stop.is_set():
        pause = every
        try:
            await step()
        except (SQLAlchemyError, psycopg.Error, ServiceUnavailable, OSError) as error:
            log.warning("waits for a service", step=what, reason=str(error).partition("\n")[0][:200])
            pause = max(every, PAUSE_SECONDS)
        except Exception:
            # Whatever is wrong with what is new, requests have another way to an answer.
            log.exception("not kept up", step=what)
            pause = max(every, PAUSE_SECONDS)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)
