"""The end of a history: whatever it began comes to its end, with the processor honest again."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import text

from bench.proof import money, stays
from bench.proof.plan import ENDS_AT
from bench.proof.processor import HONEST, LyingGateway, set_time
from bench.proof.turns import Turn

PATIENCE: Final = timedelta(seconds=60)
"""In which every saga must be over."""
LATE: Final = timedelta(hours=2)
"""After which the last message has come, to a history that is over."""
_TICK: Final = timedelta(seconds=1)
_UNFINISHED: Final = text("""
    SELECT DISTINCT booking_id FROM sagas JOIN bookings USING (booking_id)
    WHERE listing_id = ANY(:listing_ids) AND sagas.status NOT IN ('done','compensated') ORDER BY booking_id
""")


async def close(turn: Turn) -> None:
    """Let messages arrive, cardholders decide and sagas work until nothing is left, a minute at most.

    A call may be cut off anywhere and be made again.
    """
    set_time(turn.clock)
    await stays.sweep_all(turn)
    await money.payouts(turn)
    gateway = LyingGateway(turn.bank, turn.draws, HONEST)
    while turn.clock.now() <= ENDS_AT + PATIENCE:
        await money.decide_all(turn)
        await money.take_all(turn)
        await money.take_waiting(turn)
        await money.mend(turn)
        async with turn.sessions() as session:
            left = list(await session.scalars(_UNFINISHED, {"listing_ids": list(turn.plan.listing_ids)}))
        if not left:
            turn.clock.advance(LATE)
            await money.take_all(turn)
            return
        for booking_id in left:
            while await money.advance(turn, booking_id, gateway):
                pass
        turn.clock.advance(_TICK)
