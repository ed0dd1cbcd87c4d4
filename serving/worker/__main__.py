"""``python -m serving.worker``: run until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import sys
from collections.abc import Sequence

import structlog

from lodestay.clock import SystemClock
from lodestay.errors import LodestayError
from lodestay.settings import Settings, get_settings
from lodestay.telemetry import configure_logging
from serving.worker.jobs import alerts_job, feeds_job, standing_jobs
from serving.worker.service import AT_ONCE, Worker, run
from transactional.feeds.fetching import PublicFetcher
from transactional.kit.database import create_engine, session_factory
from transactional.payments.http_gateway import open_gateway
from transactional.sagas.registry import ACTIONS
from transactional.sagas.runner import Runner

SERVICE = "lodestay-worker"
LOCK_TIMEOUT_MS = 1_000

log = structlog.get_logger(SERVICE)


async def work(settings: Settings) -> None:
    """Open the connections, run, close them."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    clock = SystemClock()
    engine = create_engine(settings.require_database_url(), pool_size=AT_ONCE, lock_timeout_ms=LOCK_TIMEOUT_MS)
    sessions = session_factory(engine)
    try:
        async with open_gateway(settings) as gateway:
            log.info("started")
            runner = Runner(sessions, gateway, clock, ACTIONS, random.random)
            slow = (feeds_job(sessions, clock, PublicFetcher()), alerts_job(sessions, clock))
            jobs = (*standing_jobs(sessions, clock), *slow)
            await run(Worker(sessions, runner, jobs, clock), stop)
            log.info("stopped")
    finally:
        await engine.dispose()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the process; returns its exit code."""
    _parser().parse_args(arguments)
    configure_logging(SERVICE, stream=None, extra=())
    try:
        asyncio.run(work(get_settings()))
    except LodestayError as error:
        log.error("cannot start", reason=error.detail, hint=error.hint)  # noqa: TRY400 (the reason is the message)
        return error.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    """It takes nothing, and says so: whoever asks for help, or mistypes, starts no process at work on money."""
    return argparse.ArgumentParser(
        "python -m serving.worker",
        description="Move bookings and money by themselves, as the settings say, until SIGTERM or Ctrl-C.",
    )


if __name__ == "__main__":
    sys.exit(main())
