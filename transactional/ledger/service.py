"""Post to the ledger, read its balances, prove its promises. Never commits: the edge does."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from transactional.ledger import repository
from transactional.ledger.errors import PostedOtherwise
from transactional.ledger.records import Account, Finding, Posting


async def post(session: AsyncSession, posting: Posting) -> bool:
    """Write a fact into the ledger, once.

    Returns
    -------
    bool
        Whether it was written now; False where it had been already, or moves no money.

    Raises
    ------
    PostedOtherwise
        The same key stands there with other entries.
    """
    if not posting.entries:
        return False
    if await repository.add(session, posting):
        return True
    if await repository.entries_of(session, posting) != set(posting.entries):
        raise PostedOtherwise(posting.key)
    return False


async def balance(session: AsyncSession, booking_id: UUID, account: Account, currency: str) -> int:
    """What a booking's entries in an account add up to."""
    found = await repository.balances_of(session, booking_id)
    return next((row.minor for row in found if (row.account, row.currency) == (account, currency)), 0)


async def host_debt(session: AsyncSession, host_id: UUID) -> dict[str, int]:
    """What a host owes from all bookings, by currency: to be withheld from the next payouts."""
    return await repository.debt_of(session, host_id)


async def verify(session: AsyncSession) -> list[Finding]:
    """Look for broken promises in the whole ledger; an empty list is the proof.

    Every transaction nets to zero in every currency, and once no saga is at work on a booking that had a
    payment, its guest owes nothing and is owed nothing.
    """
    return await repository.findings(session)
