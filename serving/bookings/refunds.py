"""What the end of a booking gives back, as each side may see it."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, Field

from lodestay.money import Money
from lodestay.pricing import Component
from serving.schemas import MoneyOut, example
from transactional.bookings.rules import Side
from transactional.cancellations.rules import Ground


class RefundLineOut(BaseModel):
    """A component: what was paid for it, and what goes back of that."""

    component: Component = Field(description="Discounts are taken off the nights.")
    paid: MoneyOut
    refund: MoneyOut


LINE = RefundLineOut(component=Component.NIGHTS, paid=MoneyOut.of(48000, "EUR"), refund=MoneyOut.of(18000, "EUR"))
OUTCOME = {
    "ground": "policy",
    "total": MoneyOut.of(18000, "EUR"),
    "lines": [LINE],
    "payout": MoneyOut.of(29100, "EUR"),
    "penalty": None,
}
"""Of the examples."""


class RefundOut(BaseModel):
    """What goes back to the guest, in the currency that was charged, and what it comes to for the host."""

    model_config = example(**OUTCOME)

    ground: Ground = Field(description="Why that much.")
    total: MoneyOut
    lines: list[RefundLineOut] = Field(description="Every component; the refunds add up to `total`.")
    payout: MoneyOut | None = Field(description="What the host has to get of the booking in all; not for the guest.")
    penalty: MoneyOut | None = Field(description="What a host who cancels owes; not for the guest.")

    @classmethod
    def of(cls, stored: dict[str, Any], *, side: Side) -> Self:
        """Write down what a booking keeps of its end, as far as a side may know it."""
        currency = stored["currency"]
        hosts = side is not Side.GUEST
        return cls(
            ground=Ground(stored["ground"]),
            total=MoneyOut.of(stored["total_minor"], currency),
            lines=[
                RefundLineOut(
                    component=Component(line["component"]),
                    paid=MoneyOut.of(line["paid_minor"], currency),
                    refund=MoneyOut.of(line["minor"], currency),
                )
                for line in stored["lines"]
            ],
            payout=_money(stored["payout"]) if hosts else None,
            penalty=_money(stored["penalty"]) if hosts and stored["penalty"] is not None else None,
        )


def _money(stored: dict[str, Any]) -> MoneyOut:
    money = Money(**stored)
    return MoneyOut.of(money.minor, money.currency)
