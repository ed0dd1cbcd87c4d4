"""Commands that import: ``lodestay import …``."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from lodestay.cli.output import AsJson, print_json, print_rows, print_table, progress
from lodestay.clock import SystemClock
from lodestay.settings import get_settings
from transactional.imports import repository
from transactional.imports.errors import UnknownRun
from transactional.imports.service import import_folder
from transactional.imports.summary import ImportSummary
from transactional.kit.reaching import connected

app = typer.Typer(no_args_is_help=True)
imports = typer.Typer(help="Import a marketplace from files.", no_args_is_help=True)
app.add_typer(imports, name="import")


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
    as_json: AsJson = False,
) -> None:
    """Import a city of Inside Airbnb: listings, calendar, reviews, neighbourhoods.

    Importing the same files twice changes nothing; a newer snapshot updates, and deactivates listings that are gone.
    """
    database_url = get_settings().require_database_url()
    with progress(folder.absolute().name, quiet=as_json) as tell, connected(database_url) as connection:
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
            progress=tell,
        )
    if as_json:
        print_json(summary.as_json())
        return
    print_table(f"{summary.market_key}, as of {summary.snapshot_date}", ("what", "how much"), _told(summary))


@imports.command()
def rejects(
    run: Annotated[str, typer.Argument(help="Number of the import, as its summary says.")],
    *,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List the rows that an import left out: file, line, column, reason."""
    try:
        run_id = UUID(run)
    except ValueError:
        raise UnknownRun(run) from None
    with connected(get_settings().require_database_url()) as connection:
        if repository.find_run(connection, run_id) is None:
            raise UnknownRun(run)
        rows = repository.list_rejects(connection, run_id, limit=limit)
    columns = {"file": "file", "line": "line", "column_name": "column", "reason": "reason", "value": "value"}
    print_rows(f"Left out by import {run}", rows, columns=columns, as_json=as_json)


def _told(summary: ImportSummary) -> list[tuple[str, object]]:
    """What an import did, a line each; what did not happen is not told."""
    done = "imported before: nothing to do" if summary.already_imported else f"{summary.changes.total:,} changes"
    rate = f" ({summary.rows_per_second:,.0f} rows/s)" if summary.rows_per_second else ""
    return [
        ("result", done),
        ("run", summary.run_id),
        ("dates moved by", f"{summary.date_shift_days:,} days"),
        *((name, getattr(summary, name)) for name in ("listings", "nights", "reviews")),
        *((f"  {name}", number) for name, number in asdict(summary.changes).items() if number),
        *(("left out", f"{number:,}: {reason}") for reason, number in summary.rejects.items()),
        *(("unknown amenity", f"{number:,}: {word}") for word, number in summary.unmapped_amenities),
        *(("missing", sentence) for sentence in summary.missing),
        ("time", f"{summary.seconds:.1f} s{rate}"),
    ]
