"""The steps of a modification: take a higher price's difference, change the stay, give a lower price's back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import Clock
from transactional.journal.rules import Cause
from transactional.sagas.actions import Call, Done, Local, Turn, Verdict


class Modifications(Protocol):
    """What a saga asks of modifications; both take the listing's lock."""

    async def apply(self, session: AsyncSession, clock: Clock, cause: Cause, modification_id: UUID) -> None:
        """Give the booking its new nights and price, post the difference; a conflict where they are gone."""

    async def give_up(
        self, session: AsyncSession, clock: Clock, cause: Cause, modification_id: UUID, reason: str
    ) -> None:
        """Close a modification that will not be applied."""


def modification_of(turn: Turn) -> UUID:
    """The modification that a saga is about."""
    return UUID(turn.saga.data["modification_id"])


@dataclass(frozen=True)
class Apply(Local):
    """Change the stay."""

    modifications: Modifications

    async def intend(self, turn: Turn) -> Call | Verdict:
        """Apply the modification."""
        await self.modifications.apply(turn.session, turn.clock, turn.cause, modification_of(turn))
        return Done()


@dataclass(frozen=True)
class GiveUp(Local):
    """Close the modification of a saga that turned back."""

    modifications: Modifications

    async def intend(self, turn: Turn) -> Call | Verdict:
        """Say why nothing came of it."""
        reason = turn.saga.error or "given up"
        await self.modifications.give_up(turn.session, turn.clock, turn.cause, modification_of(turn), reason)
        return Done()
