"""What goes wrong around the search index."""

from __future__ import annotations

from lodestay.errors import ServiceUnavailable, SetupIncomplete


class SearchUnavailable(ServiceUnavailable):
    """The search index does not answer: searches fall back to the database."""

    title = "Search unavailable"


class IndexNotReady(SetupIncomplete):
    """A new index failed its checks and was not put in service; the old one still is."""

    title = "Search index not ready"


class BuildRefused(SetupIncomplete):
    """Columns in files are broken, or another version's, and are not taken into service."""

    title = "Columns refused"


class EventLogUnavailable(ServiceUnavailable):
    """An event could not be written to the lake."""

    title = "Event log unavailable"
