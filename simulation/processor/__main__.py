"""``python -m simulation.processor --port N``: run until SIGTERM or Ctrl-C.

Its keys come from the platform's settings (``LODESTAY_PROCESSOR_KEY``, ``LODESTAY_WEBHOOK_SECRET``), so
that no secret stands on a command line.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

import structlog
import uvicorn

from lodestay.clock import SystemClock
from lodestay.errors import LodestayError
from lodestay.settings import Settings, endpoints_file, get_settings
from lodestay.telemetry import configure_logging
from simulation.processor.app import Options, create_app
from simulation.processor.faults import FaultPolicy

SERVICE = "lodestay-processor"
LAST_ANSWERS_SECONDS = 1
"""How long calls that are waiting for an answer are kept when the process is asked to end."""

log = structlog.get_logger(SERVICE)


def main() -> int:
    """Run the process; returns its exit code."""
    arguments = _parser().parse_args()
    configure_logging(SERVICE, stream=None, extra=())
    try:
        settings = get_settings()
        options = Options(
            database=arguments.database or settings.home / "processor" / "processor.sqlite",
            api_key=settings.payment_key(),
            secret=settings.webhook_key(),
            clock=SystemClock(),
            public_url=arguments.public_url or f"http://{arguments.host}:{arguments.port}",
            webhook_url=partial(_target, settings.home)
            if arguments.webhook_url is None
            else lambda: arguments.webhook_url,
            seed=arguments.seed,
            policy=None if arguments.faults is None else FaultPolicy.model_validate_json(arguments.faults),
        )
    except LodestayError as error:
        log.error("cannot start", reason=error.detail, hint=error.hint)  # noqa: TRY400 (the reason is the message)
        return error.exit_code
    uvicorn.run(
        create_app(options),
        host=arguments.host,
        port=arguments.port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=LAST_ANSWERS_SECONDS,
    )
    return 0


def _target(home: Path) -> str | None:
    """Where the API takes messages: it may come up after the processor, and elsewhere than before."""
    api_url = Settings(_env_file=endpoints_file(home)).api_url
    return None if api_url is None else f"{str(api_url).rstrip('/')}/v1/webhooks/processor"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m simulation.processor", description="A payment processor to try.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--database", type=Path, help="its file; default: in the home of everything local")
    parser.add_argument("--webhook-url", help="where messages go; default: the API that the settings name")
    parser.add_argument("--public-url", help="its own address, as cardholders reach it")
    parser.add_argument("--seed", type=int, default=0, help="the same seed and calls have the same faults")
    parser.add_argument("--faults", help='fault policy as JSON, e.g. {"timeout_after": 0.1}')
    return parser


if __name__ == "__main__":
    sys.exit(main())
