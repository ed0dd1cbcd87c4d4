"""``python -m serving.relay``: run until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence

import structlog

from lodestay.clock import SystemClock
from lodestay.errors import LodestayError
from lodestay.settings import Settings, get_settings
from lodestay.telemetry import configure_logging
from search.engine import connect
from serving.relay.index_sink import IndexSink
from serving.relay.service import Relay, run
from transactional.kit.connections import QuickConnections
from transactional.kit.database import create_engine, session_factory
from transactional.quotes import pages

SERVICE = "lodestay-relay"
LOCK_TIMEOUT_MS = 1_000

log = structlog.get_logger(SERVICE)


async def relay(settings: Settings) -> None:
    """Open the connections, run, close them."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    clock = SystemClock()
    engine = create_engine(settings.require_database_url(), pool_size=2, lock_timeout_ms=LOCK_TIMEOUT_MS)
    quick = QuickConnections(settings.require_database_url(), pages.STATEMENTS, size=1, lock_timeout_ms=LOCK_TIMEOUT_MS)
    client = connect(settings.require_opensearch_url())
    try:
        log.info("started", alias=settings.index_alias)
        sink = IndexSink(client, settings.index_alias, quick, clock)
        await run(Relay(session_factory(engine), sink, clock), stop)
        log.info("stopped")
    finally:
        await client.close()
        quick.close()
        await engine.dispose()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the process; returns its exit code."""
    _parser().parse_args(arguments)
    configure_logging(SERVICE, stream=None, extra=())
    try:
        asyncio.run(relay(get_settings()))
    except LodestayError as error:
        log.error("cannot start", reason=error.detail, hint=error.hint)  # noqa: TRY400 (the reason is the message)
        return error.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    """It takes nothing, and says so: whoever asks for help, or mistypes, starts no process at work on money."""
    return argparse.ArgumentParser(
        "python -m serving.relay",
        description="Bring what changes to the search index, as the settings say, until SIGTERM or Ctrl-C.",
    )


if __name__ == "__main__":
    sys.exit(main())
