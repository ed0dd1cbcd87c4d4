"""Commands that import: ``lodestay import …``."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import psycopg
import typer
from rich.console import Console
from rich.table import Table

from lodestay.clock import SystemClock
from lodestay.errors import ServiceUnavailable
from lodestay.settings import get_settings
from transactional.imports import repository
from transactional.imports.errors import UnknownRun
from transactional.imports.repository import Db
from transactional.imports.service import import_folder
from transactional.imports.summary import ImportSummary

app = typer.Typer(no_args_is_help=True)
imports = typer.Typer(help="Import a marketplace from files.", no_args_is_help=True)
app.add_typer(imports, name="import")

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@imports.command("inside-airbnb")
def inside_airbnb(
    folder: Annotated[Path, typer.Argument(help="Folder with listings.csv.gz and, where there are, the other files.")],
    *,
    market: Annotated[str | None, typer.Option(help="Name of the market; default: the folder's.")] = None,
    currency: Annotated[str | None, typer.Option(help="ISO 4217 code of the prices; default: the country's.")] = None,
    snapshot: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Which snapshot of several; default: the newest.")
    ] = None,
    keep_dates: Annotated[bool, typer.Option("--keep-dates", help="Leave dates as they are in the files.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Read files again that were imported before.")] = False,
    as_json: Json = False,
) -> None:
    """Import a city of Inside Airbnb: listings, calendar, reviews, neighbourhoods.

    Importing the same files twice changes nothing; a newer snapshot updates, and deactivates listings that are gone.
    """
    console = Console(stderr=True)
    with console.status("looking at the folder") as status, _connect() as connection:
        summary = import_folder(
            connection,
            folder.expanduser(),
            market=market,
            currency=currency,
            snapshot=snapshot.date() if snapshot else None,
            keep_dates=keep_dates,
            force=force,
            masking_key=get_settings().masking_key(),
            clock=SystemClock(),
            progress=lambda doing: status.update(f"{folder.name}: {doing}"),
        )
    if as_json:
        typer.echo(json.dumps(summary.as_json(), ensure_ascii=False, indent=2))
    else:
        Console().print(summary_table(summary))


@imports.command()
def rejects(
    run: Annotated[str, typer.Argument(help="Number of the import, as its summary says.")],
    *,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 100,
    as_json: Json = False,
) -> None:
    """List the rows that an import left out: file, line, column, reason."""
    try:
        run_id = UUID(run)
    except ValueError:
        raise UnknownRun(run) from None
    with _connect() as connection:
        if repository.find_run(connection, run_id) is None:
            raise UnknownRun(run)
        rows = repository.list_rejects(connection, run_id, limit=limit)
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    table = Table("file", "line", "column", "reason", "value", title=f"Left out by import {run}")
    for row in rows:
        table.add_row(row["file"], str(row["line"]), row["column_name"] or "", row["reason"], row["value"] or "")
    Console().print(table)


def summary_table(summary: ImportSummary) -> Table:
    """Show what an import did."""
    title = f"{summary.market_key}, as of {summary.snapshot_date}"
    table = Table(title=title, show_header=False, title_justify="left")
    done = "imported before: nothing to do" if summary.already_imported else f"{summary.changes.total:,} changes"
    table.add_row("result", done)
    table.add_row("run", str(summary.run_id))
    table.add_row("dates moved by", f"{summary.date_shift_days:,} days")
    for name in ("listings", "nights", "reviews"):
        number = getattr(summary, name)
        table.add_row(name, "none" if number is None else f"{number:,}")
    for name, number in asdict(summary.changes).items():
        if number:
            table.add_row(f"  {name}", f"{number:,}")
    for reason, number in summary.rejects.items():
        table.add_row("left out", f"{number:,}: {reason}")
    for word, number in summary.unmapped_amenities:
        table.add_row("unknown amenity", f"{number:,}: {word}")
    for sentence in summary.missing:
        table.add_row("missing", sentence)
    rate = f" ({summary.rows_per_second:,.0f} rows/s)" if summary.rows_per_second else ""
    table.add_row("time", f"{summary.seconds:.1f} s{rate}")
    return table


def _connect() -> Db:
    try:
        return psycopg.connect(get_settings().require_database_url())
    except psycopg.OperationalError as unreachable:
        raise ServiceUnavailable(
            f"PostgreSQL does not answer: {unreachable}".strip(), hint="Start the local services with `lodestay up`."
        ) from unreachable
