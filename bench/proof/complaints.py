"""What the services say to their log instead of to a caller: a fault that was caught is still a finding."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any, Final

import structlog

EXPECTED: Final = frozenset({"saga stuck"})
"""Errors that are part of the game: an operator is told, and acts."""
_heard: ContextVar[list[str]] = ContextVar("proof_complaints")


def listen() -> None:
    """Keep what is logged as an error, and nothing else."""
    structlog.configure(
        processors=[structlog.processors.format_exc_info, _keep],
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        cache_logger_on_first_use=True,
    )


def begin() -> list[str]:
    """Errors that are logged from now on, by this operation and what it starts."""
    heard: list[str] = []
    _heard.set(heard)
    return heard


def _keep(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if event["event"] not in EXPECTED:
        _heard.get([]).append(f"{event['event']}: {event.get('exception') or event}")
    raise structlog.DropEvent
