"""What can be wrong with a call, whatever it is about."""

from __future__ import annotations

from lodestay.errors import Conflict, InvalidInput


class InvalidIdempotencyKey(InvalidInput):
    """An idempotency key of the wrong form."""

    title = "Invalid idempotency key"


class IdempotencyKeyReused(InvalidInput):
    """A key that came before with another body."""

    title = "Idempotency key reused"


class IdempotencyKeyInFlight(Conflict):
    """A key whose first call has not been answered yet."""

    title = "Still at work on the same call"


class InvalidCursor(InvalidInput):
    """A page's cursor that this list did not give out."""

    title = "Invalid cursor"
