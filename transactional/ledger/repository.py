"""Queries on the ledger."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from transactional.ledger.records import Account, Balance, Entry, Finding, Posting

_ADD = text("""
    INSERT INTO ledger_transactions (posting_key, kind, booking_id, occurred_at, accounts, currencies, amounts_minor)
    VALUES (:posting_key, :kind, :booking_id, :occurred_at, :accounts, :currencies, :amounts_minor)
    ON CONFLICT (posting_key) DO NOTHING
    RETURNING transaction_id
""")
_ENTRIES = text("""
    SELECT account, currency, amount_minor AS minor FROM ledger_entries
    WHERE posting_key = :posting_key AND kind = :kind AND booking_id = :booking_id
""")
_BALANCES = text("""
    SELECT booking_id, account, currency, CAST(sum(amount_minor) AS bigint) AS minor FROM ledger_entries
    WHERE booking_id = :booking_id
    GROUP BY booking_id, account, currency HAVING sum(amount_minor) <> 0
    ORDER BY account, currency
""")
_TOTALS = text("""
    SELECT account, currency, CAST(sum(amount_minor) AS bigint) AS minor FROM ledger_entries
    GROUP BY account, currency HAVING sum(amount_minor) <> 0
    ORDER BY account, currency
""")
_DEBT = text(f"""
    SELECT currency, CAST(sum(amount_minor) AS bigint) AS minor
    FROM ledger_entries
    WHERE account = '{Account.HOST_DEBT}' AND booking_id IN (
        SELECT booking_id FROM bookings JOIN listings USING (listing_id) WHERE host_id = :host_id
    )
    GROUP BY currency HAVING sum(amount_minor) <> 0
""")
_UNBALANCED = text("""
    SELECT 'nets_to_zero' AS rule, posting_key AS subject, currency, CAST(sum(amount_minor) AS bigint) AS minor
    FROM ledger_entries
    GROUP BY transaction_id, posting_key, currency HAVING sum(amount_minor) <> 0
    ORDER BY transaction_id, currency
""")
# Nobody is at work on the booking's money any more, so nothing may be left of what its guest owes.
_UNSETTLED = text(f"""
    SELECT 'guest_receivable_settled' AS rule, CAST(booking_id AS text) AS subject, currency,
           CAST(sum(amount_minor) AS bigint) AS minor
    FROM ledger_entries
    WHERE account = '{Account.GUEST_RECEIVABLE}'
      AND NOT EXISTS (SELECT FROM sagas s WHERE s.booking_id = ledger_entries.booking_id
                      AND s.status IN ('running','compensating'))
      AND EXISTS (SELECT FROM payments p WHERE p.booking_id = ledger_entries.booking_id)
    GROUP BY booking_id, currency HAVING sum(amount_minor) <> 0
    ORDER BY booking_id, currency
""")


async def add(session: AsyncSession, posting: Posting) -> bool:
    """Write a posting; False where its key is there already, committed before or just now."""
    values: dict[str, Any] = {
        "posting_key": posting.key,
        "kind": posting.kind.value,
        "booking_id": posting.booking_id,
        "occurred_at": posting.at,
        "accounts": [entry.account.value for entry in posting.entries],
        "currencies": [entry.currency for entry in posting.entries],
        "amounts_minor": [entry.minor for entry in posting.entries],
    }
    return (await session.execute(_ADD, values)).one_or_none() is not None


async def entries_of(session: AsyncSession, posting: Posting) -> set[Entry]:
    """Entries that stand under a posting's key, for the same kind and booking."""
    values = {"posting_key": posting.key, "kind": posting.kind.value, "booking_id": posting.booking_id}
    rows = await session.execute(_ENTRIES, values)
    return {Entry(Account(row.account), row.currency, row.minor) for row in rows}


async def balances_of(session: AsyncSession, booking_id: UUID) -> list[Balance]:
    """What a booking's entries add up to, an account and currency each; nothing where they come to nothing."""
    return [Balance(**row) for row in (await session.execute(_BALANCES, {"booking_id": booking_id})).mappings()]


async def totals(session: AsyncSession) -> dict[tuple[str, str], int]:
    """What all entries add up to, by account and currency."""
    return {(row.account, row.currency): row.minor for row in await session.execute(_TOTALS)}


async def debt_of(session: AsyncSession, host_id: UUID) -> dict[str, int]:
    """What a host owes, by currency."""
    return {row.currency: row.minor for row in await session.execute(_DEBT, {"host_id": host_id})}


async def findings(session: AsyncSession) -> list[Finding]:
    """Transactions that do not net to zero, and bookings that are settled while their guest still owes."""
    found: list[Finding] = []
    for query in (_UNBALANCED, _UNSETTLED):
        found += [Finding(**row) for row in (await session.execute(query)).mappings()]
    return found
