"""What can be wrong with a user."""

from __future__ import annotations

from uuid import UUID

from lodestay.errors import InvalidInput, NotFound


class UserNotFound(NotFound):
    """No such user."""

    title = "No such user"

    def __init__(self, user_id: UUID) -> None:
        super().__init__(f"There is no user {user_id}.", hint="Sign in again.", user_id=str(user_id))


class InvalidUser(InvalidInput):
    """A user without a name or a role."""

    title = "Invalid user"
