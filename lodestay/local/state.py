"""How a service is, in words for a person and fields for a program."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from lodestay.local.service import Service


class State(StrEnum):
    """What can be said of a service."""

    RUNNING = "running"
    STOPPED = "stopped"
    DIED = "died"
    SILENT = "silent"
    OUTSIDE = "outside"
    OUTSIDE_SILENT = "outside, silent"


@dataclass(frozen=True, kw_only=True)
class ServiceState:
    """One service at one moment; `address` without the password."""

    name: str
    title: str
    state: State
    address: str | None
    pid: int | None
    log: str | None
    hint: str | None


def describe(
    service: Service,
    state: State,
    address: str | None,
    *,
    silence: str | None,
    log: Path | None = None,
    pid: int | None = None,
) -> ServiceState:
    """Put together what is known, and what to do about it."""
    return ServiceState(
        name=service.name,
        title=service.title,
        state=state,
        address=None if address is None else without_password(address),
        pid=pid,
        log=None if log is None else str(log),
        hint=_hint(service, state, silence),
    )


def _hint(service: Service, state: State, silence: str | None) -> str | None:
    match state:
        case State.DIED:
            return f"It has ended without being asked to. Restart it: lodestay up {service.name}"
        case State.SILENT:
            restart = f"lodestay down {service.name} && lodestay up {service.name}"
            return f"It runs but does not answer ({silence}). If that lasts: {restart}"
        case State.OUTSIDE_SILENT:
            return f"{service.variable} is set and nothing answers there ({silence})."
        case State.STOPPED:
            return f"lodestay up {service.name}"
        case State.RUNNING | State.OUTSIDE:
            return None


def without_password(address: str) -> str:
    """The same address, its password or token (if any) replaced by stars."""
    parts = urlsplit(re.sub(r"(;token=)[^;]*", r"\1***", address))
    if parts.password is None:
        return urlunsplit(parts)
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}:***@{host}"))
