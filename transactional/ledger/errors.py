"""What can be wrong with a posting."""

from __future__ import annotations

from lodestay.errors import Conflict, InvalidInput


class UnbalancedPosting(InvalidInput):
    """Entries that do not add up to nothing in every currency."""

    title = "The entries do not balance"

    def __init__(self, posting_key: str, *, off: dict[str, int]) -> None:
        super().__init__(
            f"The entries of {posting_key!r} are off by {off}.",
            hint="Every debit needs credits of the same sum in the same currency.",
            posting_key=posting_key,
            off=off,
        )


class PostedOtherwise(Conflict):
    """A fact that was posted before, with other entries."""

    title = "Posted before, with other entries"

    def __init__(self, posting_key: str) -> None:
        super().__init__(
            f"{posting_key!r} has been posted already, with other entries.",
            hint="A posting is never changed: post what is different under a key of its own.",
            posting_key=posting_key,
        )
