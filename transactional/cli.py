"""Commands of the transactional core: the schema, exchange rates, and what comes in from files."""

from __future__ import annotations

import asyncio
from importlib import import_module
from importlib.util import find_spec
from typing import Annotated

import typer
from rich.console import Console
from sqlalchemy import text

from lodestay.settings import get_settings
from transactional.kit.database import create_engine, session_factory
from transactional.markets.exchange import ExchangeRates
from transactional.markets.repository import latest_rates, load_exchange_rates
from transactional.migrations.run import upgrade

app = typer.Typer(help="Schema, exchange rates and imports.", no_args_is_help=True)
if find_spec("transactional.imports.cli"):
    app.add_typer(import_module("transactional.imports.cli").app)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
LOCK_TIMEOUT_MS = 5_000


@app.command()
def migrate(*, as_json: AsJson = False) -> None:
    """Bring the database to the newest schema; nothing happens where it is there already."""
    database_url = get_settings().require_database_url()
    upgrade(database_url)
    revision = asyncio.run(_revision(database_url))
    if as_json:
        Console().print_json(data={"revision": revision})
    else:
        Console().print(f"The database is at revision [bold]{revision}[/bold].")


@app.command()
def rates(*, as_json: AsJson = False) -> None:
    """Load the European Central Bank's exchange rates that came with the installation."""
    added, newest = asyncio.run(_load_rates(get_settings().require_database_url()))
    if as_json:
        Console().print_json(
            data={"added": added, "day": newest.day and newest.day.isoformat(), "currencies": sorted(newest.per_euro)}
        )
    else:
        Console().print(f"{added:,} rates added; {len(newest.per_euro)} currencies as of [bold]{newest.day}[/bold].")


async def _load_rates(database_url: str) -> tuple[int, ExchangeRates]:
    engine = create_engine(database_url, pool_size=1, lock_timeout_ms=LOCK_TIMEOUT_MS)
    try:
        async with session_factory(engine).begin() as session:
            return await load_exchange_rates(session), await latest_rates(session)
    finally:
        await engine.dispose()


async def _revision(database_url: str) -> str:
    engine = create_engine(database_url, pool_size=1, lock_timeout_ms=LOCK_TIMEOUT_MS)
    try:
        async with engine.connect() as connection:
            return str(await connection.scalar(text("SELECT version_num FROM alembic_version")))
    finally:
        await engine.dispose()
