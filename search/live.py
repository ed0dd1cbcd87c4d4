"""Changes to an index in service: what the outbox relay writes, a moment after it happened.

Every change replaces whole values with their present state, so writing it twice, or again after a
crash, gives the same document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import OpenSearchException

from search.document import document_id
from search.errors import SearchUnavailable

BATCH: Final = 200
RETRIES: Final = 5
"""Times the engine tries an update again that met another one of the same document."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a batch of changes.

    Attributes
    ----------
    updated
        Documents changed, or found as they should be.
    missing
        Listings without a document: the next build writes them.
    """

    updated: int
    missing: tuple[int, ...]


async def update_documents(client: AsyncOpenSearch, target: str, changes: Mapping[int, Mapping[str, Any]]) -> Applied:
    """Replace parts of documents.

    Parameters
    ----------
    target
        The alias; or the name of an index being built, to catch it up.
    changes
        By listing_id: fields from :func:`search.document.calendar_fields`, `rate_fields`, `rating_fields`,
        or ``{"is_active": False}``.

    Raises
    ------
    SearchUnavailable
        The index does not answer or refuses a change; nothing is lost by sending all of them again.
    """
    missing: list[int] = []
    for batch in _batches(changes):
        lines: list[dict[str, Any]] = []
        for listing_id, fields in batch:
            lines += [
                {"update": {"_id": document_id(listing_id), "retry_on_conflict": RETRIES}},
                {"doc": dict(fields)},
            ]
        results = [item["update"] for item in await _send(client, target, lines)]
        missing += [int(result["_id"]) for result in results if result["status"] == _NOT_FOUND]
        _refuse_errors(target, [result for result in results if result["status"] != _NOT_FOUND])
    return Applied(updated=len(changes) - len(missing), missing=tuple(missing))


_NOT_FOUND: Final = 404


async def _send(client: AsyncOpenSearch, target: str, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    try:
        answer = await client.bulk(body=lines, index=target)
    except OpenSearchException as error:
        raise SearchUnavailable(
            f"The search index did not take the changes: {error}.", hint="See `lodestay status`."
        ) from error
    items: list[dict[str, Any]] = answer["items"]
    return items


def _refuse_errors(target: str, results: list[dict[str, Any]]) -> None:
    refused = [result for result in results if "error" in result]
    if refused:
        raise SearchUnavailable(
            f"{target} refused {len(refused)} changes, first listing {refused[0]['_id']}: {refused[0]['error']}.",
            hint="Send them again; if that does not help, the index was built by another version: rebuild it.",
            listing_ids=[int(result["_id"]) for result in refused],
        )


def _batches(changes: Mapping[int, Mapping[str, Any]]) -> list[list[tuple[int, Mapping[str, Any]]]]:
    items = list(changes.items())
    return [items[start : start + BATCH] for start in range(0, len(items), BATCH)]
