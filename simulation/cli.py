"""Commands that make a marketplace without anybody's data, and bring it to life."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

import typer

from lodestay.cli.output import AsJson, print_rows, progress
from lodestay.clock import SystemClock
from lodestay.settings import get_settings
from simulation.play import MarketReport, Progress, Script, play
from simulation.supply import generate_markets
from simulation.truth import write_latent
from transactional.imports.service import load_snapshot
from transactional.imports.summary import ImportSummary
from transactional.kit.reaching import connected, opened

app = typer.Typer(no_args_is_help=True)
Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same result.")]
_LOCK_TIMEOUT_MS = 10_000


@app.command()
def generate(
    *,
    listings: Annotated[int, typer.Option(min=1, help="Over all cities together.")] = 3000,
    seed: Seed = 7,
    as_json: AsJson = False,
) -> None:
    """Make a synthetic marketplace of several cities and load it; the same again changes nothing."""
    settings = get_settings()
    with progress("Making a marketplace", quiet=as_json) as tell:
        summaries = _generate(settings.require_database_url(), settings.lake, listings=listings, seed=seed, tell=tell)
    print_rows(
        f"A marketplace of {listings:,} listings from seed {seed}",
        [_row(summary) for summary in summaries],
        columns={
            "market_key": "market",
            "listings": "listings",
            "nights": "nights",
            "reviews": "reviews",
            "changed": "changes",
            "already_imported": "known",
            "seconds": "seconds",
        },
        as_json=as_json,
    )


@app.command()
def simulate(
    *,
    days: Annotated[int, typer.Option(min=1, max=365, help="Whole days before today.")] = 30,
    searches: Annotated[int, typer.Option(min=1, help="Over all days and markets together.")] = 20_000,
    seed: Seed = 7,
    as_json: AsJson = False,
) -> None:
    """Let guests search, click and book through past days; a day that was played is left as it is."""
    settings = get_settings()
    script = Script(days=days, searches=searches, seed=seed)
    started = time.perf_counter()
    with progress("Playing", quiet=as_json) as tell:
        reports = asyncio.run(_simulate(settings.require_database_url(), settings.lake, script=script, tell=tell))
    took = time.perf_counter() - started
    print_rows(
        f"{sum(report.searches for report in reports):,} searches over {days} days from seed {seed}, {took:.1f} s",
        [report.as_json() for report in reports],
        columns={
            "market": "market",
            "days_played": "days",
            "days_skipped": "before",
            "searches": "searches",
            "impressions": "shown",
            "clicks": "clicks",
            "bookings": "bookings",
            "bookings_refused": "refused",
        },
        as_json=as_json,
    )


def _row(summary: ImportSummary) -> dict[str, object]:
    return {**summary.as_json(), "changed": summary.changes.total, "seconds": round(summary.seconds, 1)}


def _generate(database_url: str, lake: str, *, listings: int, seed: int, tell: Progress) -> list[ImportSummary]:
    tell("drawing")
    made = generate_markets(listings=listings, seed=seed, as_of=SystemClock().now().date())
    summaries = []
    with connected(database_url) as connection:
        for market in made:
            tell(f"loading {market.snapshot.market.name}")
            summaries.append(load_snapshot(connection, market.snapshot, clock=SystemClock()))
            write_latent(lake, market.latent, market=market.snapshot.market.market_key)
    return summaries


async def _simulate(database_url: str, lake: str, *, script: Script, tell: Progress) -> list[MarketReport]:
    async with opened(database_url, lock_timeout_ms=_LOCK_TIMEOUT_MS) as sessions:
        return await play(sessions, lake=lake, clock=SystemClock(), script=script, progress=tell)
