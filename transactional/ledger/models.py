"""The table of ledger transactions."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from transactional.kit.database import Base


class LedgerTransaction(Base):
    """One posting with all its entries in one row, so that no half of it can ever stand.

    `accounts`, `currencies` and `amounts_minor` have an element for each entry (debits positive, credits
    negative); the constraint `nets_to_zero` holds the sum in every currency to nothing. `posting_key`
    names the fact posted: the same fact is posted once. The view `ledger_entries` has a row an entry.
    """

    __tablename__ = "ledger_transactions"
    __table_args__ = (
        CheckConstraint(
            "cardinality(accounts) >= 2 AND cardinality(accounts) = cardinality(currencies)"
            " AND cardinality(accounts) = cardinality(amounts_minor)",
            name="shape",
        ),
        CheckConstraint("ledger_nets_to_zero(currencies, amounts_minor)", name="nets_to_zero"),
        Index(None, "booking_id"),
    )

    transaction_id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    posting_key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    booking_id: Mapped[UUID] = mapped_column(ForeignKey("bookings.booking_id"))
    occurred_at: Mapped[datetime]
    accounts: Mapped[list[str]]
    currencies: Mapped[list[str]]
    amounts_minor: Mapped[list[int]]
