"""Operations of hosts on their calendars."""

from __future__ import annotations

from bench.proof.turns import Promised, Turn
from transactional.calendars import service


async def block(turn: Turn) -> Promised:
    """Take nights off the market."""
    async with turn.begin() as session:
        await service.block(session, turn.clock, turn.plan.host, turn.listing_id(), turn.window())
    return ()


async def unblock(turn: Turn) -> Promised:
    """Put nights back on the market."""
    async with turn.begin() as session:
        await service.unblock(session, turn.clock, turn.plan.host, turn.listing_id(), turn.window())
    return ()
