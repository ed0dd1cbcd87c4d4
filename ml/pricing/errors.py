"""What can go wrong with a price suggestion."""

from __future__ import annotations

from lodestay.errors import Conflict


class NothingToCompare(Conflict):
    """The listing has neither prices of its own nor comparable listings with prices."""

    title = "Nothing to compare with"
