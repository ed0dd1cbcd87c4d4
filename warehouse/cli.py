"""Commands for analysts: `sql`, `tables`, `build-warehouse`, `athena`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Annotated, Any

import duckdb
import typer
from rich.text import Text

from lodestay.cli.output import AsJson, console, messages, print_json, print_rows, print_table
from lodestay.errors import LodestayError
from lodestay.settings import get_settings
from lodestay.staged import COLUMNS
from warehouse import dialects
from warehouse.connection import SOURCE_GRAINS, SOURCES
from warehouse.models import Schema, load_models
from warehouse.query import QueryResult, run_query
from warehouse.runner import build, open_warehouse

app = typer.Typer()


@app.command()
def sql(
    query: Annotated[str | None, typer.Argument(help="One statement; none opens a shell.", show_default=False)] = None,
    *,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="Rows shown.")] = 1000,
    as_json: AsJson = False,
) -> None:
    """Ask the warehouse in SQL: marts.*, staging.*, lake.*."""
    with open_warehouse(get_settings().lake) as warehouse:
        if query is not None:
            _print(run_query(warehouse, query, limit=limit), as_json=as_json)
        else:
            _shell(warehouse, limit=limit, as_json=as_json)


@app.command()
def tables(*, as_json: AsJson = False) -> None:
    """List every relation with its owner, grain and columns."""
    records = [
        {
            "relation": model.relation,
            "owner": model.contract.owner,
            "grain": ", ".join(model.contract.grain),
            "description": model.contract.description,
            "columns": [column.model_dump() for column in model.contract.columns],
        }
        for model in load_models()
    ]
    records += [_source(name) for name in SOURCES]
    shown = {"relation": "relation", "grain": "one row a", "owner": "owner", "description": "what it holds"}
    print_rows(None, records, columns=shown, as_json=as_json)


def _source(name: str) -> dict[str, Any]:
    """What the pipeline staged, as models are told: a person who asks for every relation may select from it too."""
    dataset = SOURCES[name]
    with duckdb.connect(":memory:") as connection:
        staged = connection.from_arrow(COLUMNS[dataset].empty_table())
        columns = [
            {"name": column, "type": str(kind)} for column, kind in zip(staged.columns, staged.types, strict=True)
        ]
    partitions = [{"name": "day", "type": "DATE"}, {"name": "market", "type": "VARCHAR"}]
    return {
        "relation": f"{Schema.LAKE}.{name}",
        "owner": "data-platform",
        "grain": ", ".join((*dataset.partitions, *SOURCE_GRAINS[name])),
        "description": f"Staged {name}, one partition a day and market.",
        "columns": columns + partitions,
    }


@app.command()
def build_warehouse(*, as_json: AsJson = False) -> None:
    """Build every model from the lake and check its contract (the pipeline does this too)."""
    results = [{"relation": result.relation, "rows": result.row_count} for result in build(get_settings().lake)]
    print_rows(None, results, columns={"relation": "relation", "rows": "rows"}, as_json=as_json)


@app.command()
def athena(*, as_json: AsJson = False) -> None:
    """Print the warehouse's databases, tables and views in Athena's dialect, over the lake's address."""
    script = dialects.athena_script(get_settings().lake)
    if as_json:
        print_json({"script": script})
    else:
        sys.stdout.write(script)


def _shell(warehouse: duckdb.DuckDBPyConnection, *, limit: int, as_json: bool) -> None:
    """Read statements until the end of input; one that fails is told and the shell goes on."""
    if sys.stdin.isatty():
        messages.print("End a statement with ; and leave with Ctrl-D. `SHOW ALL TABLES;` lists what there is.")
    statement = ""
    for line in _lines():
        statement += line + "\n"
        if line.rstrip().endswith(";"):
            try:
                _print(run_query(warehouse, statement, limit=limit), as_json=as_json)
            except LodestayError as error:
                messages.print(Text(error.detail, "red"), error.hint or "", highlight=False, markup=False)
            statement = ""
    if statement.strip():
        _print(run_query(warehouse, statement, limit=limit), as_json=as_json)


def _lines() -> Iterator[str]:
    """Lines of a pipe, or as they are typed."""
    if not sys.stdin.isatty():
        yield from sys.stdin.read().splitlines()
        return
    while True:
        try:
            yield console.input("[dim]sql>[/] ")
        except (EOFError, KeyboardInterrupt):
            return


def _print(result: QueryResult, *, as_json: bool) -> None:
    if as_json:
        print_json([dict(zip(result.columns, row, strict=True)) for row in result.rows])
        return
    print_table(None, result.columns, result.rows)
    if result.is_cut:
        messages.print(f"Only the first {len(result.rows):,} rows are shown; --limit shows more.")
