"""What can be wrong with a saved search."""

from __future__ import annotations

from uuid import UUID

from lodestay.errors import Conflict, InvalidInput, NotFound


class SavedSearchNotFound(NotFound):
    """No such saved search, or none of this user's."""

    title = "No such saved search"

    def __init__(self, saved_search_id: UUID) -> None:
        super().__init__(
            f"You have no saved search {saved_search_id}.", hint="List them.", saved_search_id=str(saved_search_id)
        )


class TooManySavedSearches(Conflict):
    """A user who keeps as many searches as one may."""

    title = "Too many saved searches"

    def __init__(self, *, limit: int) -> None:
        super().__init__(f"A user keeps at most {limit} searches.", hint="Delete one first.", limit=limit)


class SavedSearchOver(Conflict):
    """A saved search that ended by itself, which cannot be paused or taken up again."""

    title = "The saved search is over"

    def __init__(self, saved_search_id: UUID, *, status: str) -> None:
        super().__init__(
            f"The saved search is {status.replace('_', ' ')}.",
            hint="Delete it and save another.",
            saved_search_id=str(saved_search_id),
            status=status,
        )


class SavedSearchTooWide(InvalidInput):
    """A search that looks at more listings than can be watched for one guest."""

    title = "The search is too wide to be saved"

    def __init__(self, *, limit: int) -> None:
        super().__init__(
            f"It looks at more than {limit:,} listings.", hint="Name a market or a smaller area.", limit=limit
        )
