"""Commands about the search index."""

from __future__ import annotations

import typer
from opensearchpy import OpenSearch
from opensearchpy.exceptions import OpenSearchException

from lodestay.cli.output import AsJson, messages, print_json, print_table
from lodestay.settings import get_settings
from search.errors import SearchUnavailable
from search.index import index_status

app = typer.Typer()
index = typer.Typer(help="The search index.", no_args_is_help=True)
app.add_typer(index, name="index")


@index.callback()
def _index() -> None:
    """Ask about the search index."""


@index.command()
def status(*, as_json: AsJson = False) -> None:
    """Show the indices that exist, and which one is in service."""
    settings = get_settings()
    client = OpenSearch(hosts=[settings.require_opensearch_url()], max_retries=0)
    try:
        found = index_status(client, settings.index_alias)
    except OpenSearchException as error:
        raise SearchUnavailable("The search index does not answer.", hint="See `lodestay status`.") from error
    finally:
        client.close()
    if as_json:
        print_json(found)
        return
    columns = ("index", "in service", "documents", "MB", "vectors of")
    rows = [(i.name, "yes" if i.in_service else "no", i.documents, round(i.bytes / 1e6, 1), i.model) for i in found]
    print_table(None, columns, rows)
    if not found:
        messages.print("There is no search index yet: materialise the index assets in Dagster.")
