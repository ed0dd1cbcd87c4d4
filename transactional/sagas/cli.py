"""Commands on sagas: what is under way, what is stuck and what to do about it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

import typer

from lodestay.cli.output import AsJson, console, print_json
from lodestay.clock import Clock, SystemClock
from lodestay.settings import get_settings
from transactional.kit.reaching import opened
from transactional.sagas import repository, service
from transactional.sagas.records import UnfinishedSaga
from transactional.sagas.rules import ADVICE, SagaStatus

app = typer.Typer(no_args_is_help=True)
sagas = typer.Typer(help="Sagas that are under way or stuck, and what to do about them.")
app.add_typer(sagas, name="sagas")
LOCK_TIMEOUT_MS = 5_000


@sagas.callback(invoke_without_command=True)
def show(
    context: typer.Context,
    *,
    stuck: bool = typer.Option(False, "--stuck", help="Only those that a person must look at."),
    limit: int = typer.Option(100, min=1, max=10_000, help="How many at most."),
    as_json: AsJson = False,
) -> None:
    """List the sagas that are not over, the stuck ones first, with what to do about each."""
    if context.invoked_subcommand is not None:
        return
    found = asyncio.run(_unfinished(get_settings().require_database_url(), limit=limit))
    now = SystemClock().now()
    rows = [described(saga, now=now) for saga in found if not stuck or saga.status == SagaStatus.STUCK]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        _tell(row)
    if not rows:
        console.print("No saga is stuck." if stuck else "No saga is under way.")


@sagas.command()
def retry(saga_id: UUID, *, as_json: AsJson = False) -> None:
    """Have a saga tried at once, as if it had never failed."""
    asyncio.run(_retry(get_settings().require_database_url(), SystemClock(), saga_id))
    if as_json:
        print_json({"saga_id": saga_id, "retried": True})
    else:
        console.print(f"Saga [bold]{saga_id}[/bold] is due: the worker takes it next.")


def described(saga: UnfinishedSaga, *, now: datetime) -> dict[str, Any]:
    """A saga for an operator: how old it is and what to do about it."""
    stuck = saga.status == SagaStatus.STUCK
    advice = ADVICE[saga.step] if stuck or saga.attempts else "Nothing to do: it is under way."
    age = now - saga.created_at
    return asdict(saga) | {"age": str(age).partition(".")[0], "age_seconds": int(age.total_seconds()), "advice": advice}


def _tell(row: Mapping[str, Any]) -> None:
    """A saga in a few lines: a table of so many words would be broken in every column."""
    tried = f"{row['age']} old, {row['attempts']} attempts"
    lines = [
        f"{row['status']}: {row['kind']} of booking {row['reference']}, at {row['step']}, {tried}",
        f"  error:      {row['error'] or 'none'}",
        f"  what to do: {row['advice']}",
        f"  try again:  lodestay sagas retry {row['saga_id']}",
    ]
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


async def _unfinished(database_url: str, *, limit: int) -> list[UnfinishedSaga]:
    async with opened(database_url, lock_timeout_ms=LOCK_TIMEOUT_MS) as sessions, sessions() as session:
        return await repository.unfinished(session, limit=limit)


async def _retry(database_url: str, clock: Clock, saga_id: UUID) -> None:
    async with opened(database_url, lock_timeout_ms=LOCK_TIMEOUT_MS) as sessions, sessions.begin() as session:
        await service.retry(session, clock, saga_id)
