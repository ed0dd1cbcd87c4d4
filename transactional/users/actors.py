"""Who acts: a user and the roles that the token gives."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """What a user can be; one may be several."""

    GUEST = "guest"
    HOST = "host"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody known, acting."""

    user_id: UUID
    roles: frozenset[Role]

    @property
    def is_admin(self) -> bool:
        """Whether everything is theirs to see."""
        return Role.ADMIN in self.roles
