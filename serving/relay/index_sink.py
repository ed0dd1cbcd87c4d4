"""The live index as a sink: what PostgreSQL says of a listing now, written over what its document said."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from opensearchpy import AsyncOpenSearch
from opensearchpy.exceptions import NotFoundError, OpenSearchException

from lodestay.clock import Clock
from search.document import calendar_fields
from search.errors import SearchUnavailable
from search.index import REPLAYED, made_at
from search.live import update_documents
from serving.relay.present import present_fields
from transactional.kit.connections import QuickConnections

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class NewIndex:
    """An index that went into service, None where there is none any more.

    Attributes
    ----------
    since
        Instant from which changes are to be written again.
    """

    name: str | None
    since: datetime | None


@dataclass
class IndexSink:
    """Writes the present state of listings into the index in service.

    State comes from PostgreSQL at the moment of writing, so the same change may be delivered twice and
    in any order.
    """

    client: AsyncOpenSearch
    alias: str
    quick: QuickConnections
    clock: Clock
    _index: str | None = field(default=None, init=False)

    async def index_in_service(self) -> str | None:
        """Name of the index behind the alias, or None before the first build."""
        try:
            names: dict[str, Any] = await self.client.indices.get_alias(name=self.alias)
        except NotFoundError:
            return None
        except OpenSearchException as error:
            raise SearchUnavailable(f"OpenSearch does not answer: {error}.", hint="See `lodestay status`.") from error
        return max(names)

    async def look(self) -> NewIndex | None:
        """Say which index went into service since the last one was adopted; None where it is still the same."""
        index = await self.index_in_service()
        if index == self._index:
            return None
        since = None if index is None else (made_at(index, self.alias) or self.clock.now()) - REPLAYED
        return NewIndex(index, since)

    def adopt(self, index: NewIndex) -> None:
        """Take an index as known, once it is certain that what it missed will be written."""
        log.info("index in service", index=index.name, before=self._index)
        self._index = index.name

    async def write(self, listing_ids: Collection[int]) -> int:
        """Write the listings' present state; returns how many documents there were to write to.

        Listings without a document wait for the next build, as do all while there is no index: an
        update must never create one, since its name would stand in the alias's way.
        """
        if not listing_ids or await self.index_in_service() is None:
            return 0
        changes = await present_fields(self.quick, listing_ids, clock=self.clock, calendar_fields=calendar_fields)
        applied = await update_documents(self.client, self.alias, changes)
        if applied.missing:
            log.info("listings without a document", count=len(applied.missing))
        return applied.updated

    async def make_visible(self) -> None:
        """Let searches see what was written, without waiting for the index's own half second."""
        try:
            await self.client.indices.refresh(index=self.alias)
        except OpenSearchException as error:
            raise SearchUnavailable(f"OpenSearch does not answer: {error}.", hint="See `lodestay status`.") from error
