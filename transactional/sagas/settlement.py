"""The steps of a settlement: release what is reserved, then give back what the guest is owed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from transactional.bookings import repository as bookings
from transactional.payments import repository as payments
from transactional.payments.gateway import Outcome
from transactional.sagas.actions import Call, Done, Turn, Verdict
from transactional.sagas.money import (
    OPEN,
    conclude_refund,
    conclude_release,
    give_back,
    lines_given_back,
    release,
    remaining,
)
from transactional.sagas.payment import refund_lines


class Release:
    """Give every authorisation of the booking up: the sagas before this one have taken what was to be taken."""

    async def intend(self, turn: Turn) -> Call | Verdict:
        """Release the next one."""
        for payment in await payments.for_booking(turn.session, turn.booking_id):
            if payment.status in OPEN:
                return release(payment)
        return Done()

    async def conclude(self, turn: Turn, call: Call, outcome: Outcome) -> Verdict:
        """Write it down."""
        return await conclude_release(turn, call, outcome)


class Refund:
    """Give back what is owed, out of one payment after the other, the newest first."""

    async def intend(self, turn: Turn) -> Call | Verdict:
        """Refund the next payment that anything of it is owed of."""
        reason = f"saga:{turn.saga.saga_id}"
        made = await payments.refunds_for_booking(turn.session, turn.booking_id)
        ours = lines_given_back([refund for refund in made if refund.reason == reason and refund.status == "done"])
        wanted = remaining(await self._owed(turn), ours)
        for payment in reversed(await payments.for_booking(turn.session, turn.booking_id)):
            call = await give_back(turn, payment, wanted, reason=reason)
            if call is not None:
                return call
        return Done()

    async def conclude(self, turn: Turn, call: Call, outcome: Outcome) -> Verdict:
        """Write it down."""
        return await conclude_refund(turn, call, outcome)

    async def _owed(self, turn: Turn) -> list[Mapping[str, Any]]:
        """Lines that came with the saga, else those that the cancellation has left at the booking."""
        given: list[Mapping[str, Any]] | None = turn.saga.data.get("lines")
        if given is not None:
            return given
        return list(refund_lines(await bookings.get(turn.session, turn.booking_id)))
