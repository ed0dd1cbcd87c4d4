"""Building an index beside the one in service, and putting it in its place.

A build writes to an index of its own name; searches read an alias. The alias moves in one step, after
:func:`search.index_checks.check` has nothing to say against it, and the index that served before is kept,
under the alias ``…-previous``, so that the step can be taken back. A build that dies leaves an index nobody
reads, which the next one removes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from opensearchpy import OpenSearch
from opensearchpy.helpers import streaming_bulk

from search.document import document_id, index_body
from search.errors import IndexNotReady

CHUNK: Final = 500
"""Documents a bulk request; with 512 numbers of vector each, some 5 MB."""

REPLAYED: Final = timedelta(hours=2)
"""Changes that began no longer than this before an index was made are written to it again once it serves."""
SURELY_REPLAYED: Final = timedelta(hours=1)
"""Those that a build may count on: the rest is for the time between the name of an index and its checks."""
_MADE_AT: Final = "%Y%m%d%H%M%S%f"


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


BUILT_WITH: Final = "documents"
"""In an index's own words about itself: how many documents it was built with."""


def create_index(client: OpenSearch, alias: str, *, dimension: int, model: str, built_at: datetime) -> str:
    """Create an empty index, not in service, tuned for bulk writes.

    Returns
    -------
    str
        Its name: the alias and the moment, so that names sort by age.
    """
    name = f"{alias}-{built_at.astimezone(UTC):{_MADE_AT}}"
    body = index_body(dimension, model=model)
    body["settings"]["index"] |= {"refresh_interval": "-1"}
    client.indices.create(index=name, body=body)
    return name


def made_at(index: str, alias: str) -> datetime | None:
    """When :func:`create_index` made an index, by its name; None for one that it did not make."""
    try:
        return datetime.strptime(index.removeprefix(f"{alias}-"), _MADE_AT).replace(tzinfo=UTC)
    except ValueError:
        return None


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
    """Make everything written visible, say in the index how many documents that are, and turn on what service needs."""
    settings = index_body(1, model="")["settings"]["index"]
    client.indices.put_settings(index=index, body={"index": {"refresh_interval": settings["refresh_interval"]}})
    client.indices.refresh(index=index)
    meta = client.indices.get_mapping(index=index)[index]["mappings"]["_meta"]
    told = {"_meta": {**meta, BUILT_WITH: client.count(index=index)["count"]}}
    client.indices.put_mapping(index=index, body=told)


def put_in_service(client: OpenSearch, alias: str, index: str) -> None:
    """Point the alias to an index, in one step, keep the one before it, and remove older ones.

    Doing it again changes nothing; doing it with the one before takes the step back. Newer indices, which
    somebody may be building, are left alone.
    """
    previous = f"{alias}-previous"
    family = _family(client, alias)
    serving = [name for name, aliases in family.items() if alias in aliases]
    if serving != [index]:
        before = [name for name in serving if name != index]
        out = [
            {"remove": {"index": name, "alias": held}}
            for name, aliases in family.items()
            for held in sorted(aliases & {alias, previous})
        ]
        into = [{"add": {"index": name, "alias": previous}} for name in before]
        client.indices.update_aliases(body={"actions": [*out, *into, {"add": {"index": index, "alias": alias}}]})
    for name, aliases in _family(client, alias).items():
        if name < index and not aliases & {alias, previous}:
            client.indices.delete(index=name)


def in_service(client: OpenSearch, alias: str) -> list[str]:
    """Names of the indices that the alias points to: one, or none before the first build."""
    return [name for name, aliases in _family(client, alias).items() if alias in aliases]


def index_status(client: OpenSearch, alias: str) -> list[IndexStatus]:
    """Describe the indices of the alias's family, oldest first."""
    found = []
    for name, aliases in _family(client, alias).items():
        meta = client.indices.get_mapping(index=name)[name]["mappings"]["_meta"]
        stats = client.indices.stats(index=name, metric="docs,store")["indices"][name]["primaries"]
        found.append(
            IndexStatus(
                name=name,
                in_service=alias in aliases,
                documents=stats["docs"]["count"],
                bytes=stats["store"]["size_in_bytes"],
                model=meta["model"],
                dimension=meta["dimension"],
            )
        )
    return found


def _family(client: OpenSearch, alias: str) -> dict[str, set[str]]:
    """Indices that :func:`create_index` made for the alias (its name, a dash, digits), by age, with their aliases."""
    found = client.indices.get_alias(index=f"{alias}-*")
    return {name: set(found[name]["aliases"]) for name in sorted(found) if name.removeprefix(f"{alias}-").isdigit()}
