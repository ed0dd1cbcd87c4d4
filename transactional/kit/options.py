"""What every session of ours asks of PostgreSQL when it is opened, whoever runs the server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

CONNECTION_CHECK_MS: Final = 2_000
"""How often the server looks, while a statement runs, whether anybody is there for its answer.

Left to itself it finds out when it answers: an import whose process was ended goes on for minutes, and keeps its locks.
"""
BRIEFLY_IDLE_MS: Final = 60_000
"""How long a service may leave a transaction open and say nothing: several times what it waits for others."""
LONG_IDLE_MS: Final = 3_600_000
"""The same of a command, which reads files and makes tables between its statements."""
KEEPALIVES: Final[Mapping[str, Any]] = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
"""For libpq: a server that vanished without a word is given up in half a minute, and not after the system's hours."""


def session_options(*, idle_in_transaction_ms: int, lock_timeout_ms: int | None = None) -> str:
    """Write down a session's settings as libpq takes them (``options``).

    Parameters
    ----------
    idle_in_transaction_ms
        How long an open transaction may wait for its next statement before the server ends it: its client is stuck,
        or gone without a word.
    lock_timeout_ms
        How long a statement may wait for a lock before it gives up with SQLSTATE 55P03; None: as the server says.
    """
    settings = {
        "timezone": "UTC",
        "client_connection_check_interval": CONNECTION_CHECK_MS,
        "idle_in_transaction_session_timeout": idle_in_transaction_ms,
    }
    if lock_timeout_ms is not None:
        settings["lock_timeout"] = lock_timeout_ms
    return " ".join(f"-c {name}={value}" for name, value in settings.items())
