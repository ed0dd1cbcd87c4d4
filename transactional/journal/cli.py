"""Commands on the journal: ``lodestay journal …``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.cli.output import AsJson, console, print_json, print_rows
from lodestay.clock import SystemClock
from lodestay.settings import get_settings
from transactional.bookings.repository import find_by_reference
from transactional.journal import projections
from transactional.journal.service import Audit, audit, look_back
from transactional.kit.reaching import opened

app = typer.Typer(no_args_is_help=True)
journal = typer.Typer(help="What happened to bookings: verify, look back, rebuild.", no_args_is_help=True)
app.add_typer(journal, name="journal")
LOCK_TIMEOUT_MS = 5_000
BROKEN = 1
"""Exit code where the journal and the tables contradict each other."""
_INSTANTS = [f"%Y-%m-%dT%H:%M:%S{fraction}{zone}" for fraction in ("", ".%f") for zone in ("", "%z")] + ["%Y-%m-%d"]
"""As people type them, and as the API and this command print them."""
T = TypeVar("T")


@journal.command()
def verify(*, as_json: AsJson = False) -> None:
    """Verify every chain of events and hold its replay to the tables; exit code 1 where they disagree."""
    found = _in_session(_audit)
    if as_json:
        print_json(asdict(found))
    else:
        console.print(f"{found.events:,} events of {found.bookings:,} bookings; {len(found.broken)} contradictions.")
        for sentence in found.broken:
            console.print(f"- {sentence}")
    if found.broken:
        raise typer.Exit(BROKEN)


@journal.command()
def show(
    reference: Annotated[str, typer.Argument(help="Reference of the booking, such as 7KQ2M9XH4D.")],
    *,
    at: Annotated[
        datetime | None,
        typer.Option(formats=_INSTANTS, help="Look back to this instant (UTC where it names no zone); default: now."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show a booking's events up to an instant, and what it was then: what guest and host saw."""
    instant = SystemClock().now() if at is None else at if at.tzinfo else at.replace(tzinfo=UTC)

    async def look(session: AsyncSession) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        booking_id = await find_by_reference(session, reference)
        events, booking = await look_back(session, booking_id, instant)
        told = [
            {
                "seq": event.seq,
                "kind": event.kind,
                "at": event.occurred_at,
                "side": event.side,
                "cause": event.cause,
                "changed": ", ".join(sorted(event.data)),
            }
            for event in events
        ]
        return told, asdict(booking)

    events, booking = _in_session(look)
    if as_json:
        print_json({"events": events, "booking": booking})
        return
    names = ("seq", "kind", "at", "side", "cause", "changed")
    print_rows(f"Events of {reference}", events, columns={name: name for name in names}, as_json=False)
    facts = [{"what": name, "value": value} for name, value in booking.items() if value is not None]
    print_rows(f"As it was at {instant:%Y-%m-%d %H:%M:%S} UTC", facts, columns={"what": "", "value": ""}, as_json=False)


@journal.command()
def rebuild(*, as_json: AsJson = False) -> None:
    """Make bookings and their nights anew from the events alone, whose chains are verified first.

    Rows that already agree are not written; while it runs nobody can book or change a booking.
    """
    replayed, corrected = _in_session(projections.rebuild)
    if as_json:
        print_json({"replayed": replayed, "corrected": corrected})
    else:
        console.print(f"{replayed:,} bookings replayed, [bold]{corrected:,}[/bold] rows put right.")


async def _audit(session: AsyncSession) -> Audit:
    await session.connection(execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True})
    return await audit(session)


def _in_session(work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    async def run() -> T:
        database_url = get_settings().require_database_url()
        async with opened(database_url, lock_timeout_ms=LOCK_TIMEOUT_MS) as sessions, sessions.begin() as session:
            return await work(session)

    return asyncio.run(run())
