"""The end of a history: whatever it began comes to its end, with the processor honest again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import TextClause, text

from bench.proof import money, stays
from bench.proof.plan import ENDS_AT
from bench.proof.processor import set_time
from bench.proof.turns import Turn

PATIENCE: Final = timedelta(seconds=60)
"""In which every saga must be over."""
LATE: Final = timedelta(hours=2)
"""After which the last message has come, to a history that is over."""
ROUNDS: Final = 100
"""Times that a worker begins payouts that are due, a few of anybody's at a time."""
_TICK: Final = timedelta(seconds=1)
_UNFINISHED: Final = text("""
    SELECT DISTINCT booking_id FROM sagas JOIN bookings USING (booking_id)
    WHERE listing_id = ANY(:listing_ids) AND sagas.status NOT IN ('done','compensated')
    ORDER BY booking_id
""")
# Not those that a saga is at work on, as `start_due_payouts` has it.
_DUE: Final = text("""
    SELECT booking_id FROM payouts JOIN bookings USING (booking_id)
    WHERE listing_id = ANY(:listing_ids) AND payouts.status = 'scheduled' AND due_at <= :now
      AND NOT EXISTS (
          SELECT FROM sagas
          WHERE sagas.booking_id = payouts.booking_id AND kind = 'payout' AND sagas.status NOT IN ('done','compensated')
      )
""")


async def close(turn: Turn) -> None:
    """Let messages arrive, cardholders decide and sagas work until nothing is left, a minute at most.

    A call may be cut off anywhere and be made again.
    """
    set_time(turn.clock)
    await stays.sweep_all(turn)
    gateway = turn.processor.gateway(turn.draws, honest=True)
    while turn.clock.now() <= ENDS_AT + PATIENCE:
        await money.decide_all(turn)
        await money.take_all(turn)
        await money.take_waiting(turn)
        await money.mend(turn)
        await _begin_payouts(turn)
        left = await _bookings(turn, _UNFINISHED)
        if not left:
            turn.clock.advance(LATE)
            await money.take_all(turn)
            return
        for booking_id in left:
            while await money.advance(turn, booking_id, gateway):
                pass
        turn.clock.advance(_TICK)
        await asyncio.sleep(turn.processor.patience)


async def _begin_payouts(turn: Turn) -> None:
    """Begin every payout of the history that is due; others' are begun on the way."""
    for _ in range(ROUNDS):
        if not await _bookings(turn, _DUE):
            return
        await money.payouts(turn)


async def _bookings(turn: Turn, query: TextClause) -> list[UUID]:
    async with turn.sessions() as session:
        values = {"listing_ids": list(turn.plan.listing_ids), "now": turn.clock.now()}
        return list(await session.scalars(query, {name: values[name] for name in query.compile().params}))
