"""Building an index beside the one in service, and putting it in its place.

A build writes to an index of its own name; searches read an alias. The alias moves in one step, after
:func:`search.index_checks.check` has nothing to say against it, and one earlier index is kept so that
the step can be taken back. A build that dies leaves an index nobody reads, which the next one removes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from opensearchpy import OpenSearch
from opensearchpy.exceptions import NotFoundError
from opensearchpy.helpers import streaming_bulk

from search.document import document_id, index_body
from search.errors import IndexNotReady

CHUNK: Final = 500
"""Documents a bulk request; with 512 numbers of vector each, some 5 MB."""


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """An index of the alias's family.

    Attributes
    ----------
    in_service
        Whether the alias points to it.
    model, dimension
        Of its vectors.
    """

    name: str
    in_service: bool
    documents: int
    bytes: int
    model: str
    dimension: int


def create_index(client: OpenSearch, alias: str, *, dimension: int, model: str, built_at: datetime) -> str:
    """Create an empty index, not in service, tuned for bulk writes.

    Returns
    -------
    str
        Its name: the alias and the moment, so that names sort by age.
    """
    name = f"{alias}-{built_at:%Y%m%d%H%M%S%f}"
    body = index_body(dimension, model=model)
    body["settings"]["index"] |= {"refresh_interval": "-1"}
    client.indices.create(index=name, body=body)
    return name


def load_documents(client: OpenSearch, index: str, documents: Iterable[Mapping[str, Any]]) -> int:
    """Write documents in bulk; those of the same listing replace each other.

    Returns
    -------
    int
        Documents written.

    Raises
    ------
    IndexNotReady
        The engine refused one: its id and the reason are named.
    """
    actions = (
        {"_op_type": "index", "_id": document_id(document["listing_id"]), "_source": document} for document in documents
    )
    written = 0
    for ok, result in streaming_bulk(
        client, actions, index=index, chunk_size=CHUNK, raise_on_error=False, max_retries=5, initial_backoff=1
    ):
        if not ok:
            refused = result["index"]
            raise IndexNotReady(
                f"Listing {refused['_id']} was refused by {index}: {refused['error']}.",
                hint="The document does not fit search.document's mapping.",
                index=index,
                listing_id=refused["_id"],
            )
        written += 1
    return written


def finish_loading(client: OpenSearch, index: str) -> None:
    """Make everything written visible, and turn the settings of service on."""
    settings = index_body(1, model="")["settings"]["index"]
    client.indices.put_settings(index=index, body={"index": {"refresh_interval": settings["refresh_interval"]}})
    client.indices.refresh(index=index)


def put_in_service(client: OpenSearch, alias: str, index: str, *, keep: int = 1) -> None:
    """Point the alias to an index, in one step, and remove all but the newest `keep` of the others.

    Doing it again changes nothing. An alias name that is taken by an index is refused by the engine.
    """
    actions = [{"remove": {"index": name, "alias": alias}} for name in in_service(client, alias) if name != index]
    client.indices.update_aliases(body={"actions": [*actions, {"add": {"index": index, "alias": alias}}]})
    others = sorted(name for name in _family(client, alias) if name != index)
    for name in others[: max(0, len(others) - keep)]:
        client.indices.delete(index=name)


def in_service(client: OpenSearch, alias: str) -> list[str]:
    """Names of the indices that the alias points to: one, or none before the first build."""
    try:
        return sorted(client.indices.get_alias(name=alias))
    except NotFoundError:
        return []


def index_status(client: OpenSearch, alias: str) -> list[IndexStatus]:
    """Describe the indices of the alias's family, oldest first."""
    serving = in_service(client, alias)
    found = []
    for name in _family(client, alias):
        meta = client.indices.get_mapping(index=name)[name]["mappings"]["_meta"]
        stats = client.indices.stats(index=name, metric="docs,store")["indices"][name]["primaries"]
        found.append(
            IndexStatus(
                name=name,
                in_service=name in serving,
                documents=stats["docs"]["count"],
                bytes=stats["store"]["size_in_bytes"],
                model=meta["model"],
                dimension=meta["dimension"],
            )
        )
    return found


def _family(client: OpenSearch, alias: str) -> list[str]:
    """Indices that :func:`create_index` made for the alias: its name, a dash, and digits only."""
    names = client.indices.get(index=f"{alias}-*", expand_wildcards="open", ignore_unavailable=True)
    return sorted(name for name in names if name.removeprefix(f"{alias}-").isdigit())
