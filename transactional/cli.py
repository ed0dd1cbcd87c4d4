"""Commands of the transactional core: the schema, exchange rates, the markets."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

import typer

from lodestay.cli.output import AsJson, console, print_json, print_rows
from lodestay.settings import get_settings
from transactional.kit.reaching import connected, opened, told_to_a_person
from transactional.markets.exchange import ExchangeRates
from transactional.markets.repository import MarketOverview, latest_rates, load_exchange_rates, overview
from transactional.migrations.run import upgrade

app = typer.Typer(no_args_is_help=True)
LOCK_TIMEOUT_MS = 5_000


@app.command()
def migrate(*, as_json: AsJson = False) -> None:
    """Bring the database to the newest schema; nothing happens where it is there already."""
    database_url = get_settings().require_database_url()
    with told_to_a_person():
        upgrade(database_url)
    revision = _revision(database_url)
    if as_json:
        print_json({"revision": revision})
    else:
        console.print(f"The database is at revision [bold]{revision}[/bold].")


@app.command()
def rates(*, as_json: AsJson = False) -> None:
    """Load the European Central Bank's exchange rates that came with the installation."""
    added, newest = asyncio.run(_load_rates(get_settings().require_database_url()))
    if as_json:
        print_json({"added": added, "day": newest.day, "currencies": sorted(newest.per_euro)})
    else:
        console.print(f"{added:,} rates added; {len(newest.per_euro)} currencies as of [bold]{newest.day}[/bold].")


@app.command()
def markets(*, as_json: AsJson = False) -> None:
    """List the markets: what they offer and when they were imported."""
    found = [asdict(market) for market in asyncio.run(_markets(get_settings().require_database_url()))]
    names = ("market_key", "name", "country", "currency", "active_listings", "bookable_listings")
    shown = {name: name.replace("_", " ") for name in names}
    print_rows(None, found, columns=shown | {"snapshot_date": "as of"}, as_json=as_json)


async def _markets(database_url: str) -> list[MarketOverview]:
    async with opened(database_url, lock_timeout_ms=LOCK_TIMEOUT_MS) as sessions, sessions.begin() as session:
        return await overview(session)


async def _load_rates(database_url: str) -> tuple[int, ExchangeRates]:
    async with opened(database_url, lock_timeout_ms=LOCK_TIMEOUT_MS) as sessions, sessions.begin() as session:
        return await load_exchange_rates(session), await latest_rates(session)


def _revision(database_url: str) -> str:
    with connected(database_url) as connection:
        (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone() or (None,)
        return str(revision)
