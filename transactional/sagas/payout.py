"""The step of a payout: send the host what the booking has earned by now."""

from __future__ import annotations

from typing import Final

from transactional.bookings import repository as bookings
from transactional.ledger import service as ledger
from transactional.ledger.records import Account
from transactional.ledger.rules import paid_out
from transactional.listings.repository import lock_listing
from transactional.payments import payouts
from transactional.payments.gateway import Outcome, Result
from transactional.payments.records import PayoutRecord
from transactional.payments.rules import PayoutStatus
from transactional.sagas import repository
from transactional.sagas.actions import Call, Done, Refused, Turn, Verdict

REFUSALS: Final = "refusals"
"""How often the host's account was refused, in the saga's data: each new try goes under a key of its own."""
FIXED: Final = "fixed"
"""Of which try the amount is fixed, in the saga's data."""


class PayOut:
    """Send what the ledger says the host has to get: less after a refund, nothing where nothing is left."""

    async def intend(self, turn: Turn) -> Call | Verdict:
        """Fix the amount and ask for it; an amount that was asked for stays, since its key has gone out with it."""
        await _lock(turn)
        payout = await payouts.payout_of_booking(turn.session, turn.booking_id)
        if payout is None or payout.status == PayoutStatus.WITHDRAWN:
            return Done()
        if payout.status == PayoutStatus.PAID:  # a message was faster
            await _post(turn, payout)
            return Done()
        refusals = turn.saga.data.get(REFUSALS, 0)
        if turn.saga.data.get(FIXED) != refusals:
            earned = -await ledger.balance(turn.session, turn.booking_id, Account.HOST_PAYABLE, payout.currency)
            if earned <= 0:
                await payouts.withdraw_payout(turn.session, payout.payout_id, now=turn.now)
                return Done()
            await repository.set_payout_amount(turn.session, turn.booking_id, minor=earned, now=turn.now)
            payout = await payouts.get_payout(turn.session, payout.payout_id)
        return _call(payout, refusals)

    async def conclude(self, turn: Turn, call: Call, outcome: Outcome) -> Verdict:
        """Write down and post that the host has the money, or that the account would not take it."""
        await _lock(turn)
        session, number, now = turn.session, outcome.processor_id, turn.now
        if outcome.result is not Result.SUCCEEDED:
            await payouts.set_payout_failed(session, call.subject, processor_id=number, now=now)
            refusals = turn.saga.data.get(REFUSALS, 0) + 1
            return Refused(outcome.code or "payout_declined", {REFUSALS: refusals})
        await payouts.set_payout_paid(session, call.subject, processor_id=number, now=now)
        await _post(turn, await payouts.get_payout(session, call.subject))
        return Done()


def _call(payout: PayoutRecord, refusals: int) -> Call:
    key = f"{payout.key}:{refusals}" if refusals else payout.key
    host_id, amount, reference = payout.host_id, payout.amount, str(payout.booking_id)
    return Call(
        payout.payout_id,
        lambda gateway: gateway.pay_out(key, host_id=host_id, amount=amount, reference=reference),
        {FIXED: refusals},
    )


async def _post(turn: Turn, payout: PayoutRecord) -> None:
    """Post what was sent; what a cancellation has taken from the host meanwhile is the host's debt."""
    owed = -await ledger.balance(turn.session, turn.booking_id, Account.HOST_PAYABLE, payout.currency)
    posting = paid_out(
        turn.booking_id,
        payout_id=payout.payout_id,
        currency=payout.currency,
        minor=payout.amount_minor,
        withheld_minor=min(0, owed - payout.amount_minor),
        at=turn.now,
    )
    await ledger.post(turn.session, posting)


async def _lock(turn: Turn) -> None:
    """Keep cancellations and modifications of the booking away: what was paid out decides what they post."""
    await lock_listing(turn.session, await bookings.listing_of(turn.session, turn.booking_id), owner=None)
