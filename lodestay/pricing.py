"""The price of a stay: the one pure function that quotes, searches, simulates and tests call.

All amounts are integers in the listing's minor unit and every rate is in basis points; each rate is
applied with :func:`share`, rounding half up, so that the same stay costs the same to the unit in
Python, over NumPy columns and in the search index's script (a test compares them).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from lodestay.money import BPS

WEEK_NIGHTS = 7
"""Nights from which the weekly discount applies."""
MONTH_NIGHTS = 28
"""Nights from which the monthly discount applies, instead of the weekly one."""

Amount = TypeVar("Amount", int, "NDArray[np.int64]")


class Component(StrEnum):
    """What a line of the price is for, in the order shown."""

    NIGHTS = "nights"
    LENGTH_OF_STAY_DISCOUNT = "length_of_stay_discount"
    LAST_MINUTE_DISCOUNT = "last_minute_discount"
    EARLY_BIRD_DISCOUNT = "early_bird_discount"
    EXTRA_GUESTS = "extra_guests"
    CLEANING = "cleaning"
    PETS = "pets"
    SERVICE_FEE = "service_fee"
    TAXES = "taxes"


@dataclass(frozen=True, slots=True)
class PriceTerms:
    """What, beside the nights, decides the price of a stay in one listing.

    Attributes
    ----------
    currency
        ISO 4217 code of every amount.
    cleaning_fee_minor
        Once a stay.
    guests_included, extra_guest_fee_minor
        Each guest above the included ones costs the fee for each night.
    weekly_discount_bps, monthly_discount_bps
        Off the nights, from 7 and from 28 nights.
    service_fee_bps, tax_bps
        On nights, extra guests, cleaning and pets after discount: the platform's fee, the place's tax.
    last_minute_days, last_minute_discount_bps
        Off the nights of a stay that begins in at most so many days; 0 days is never.
    early_bird_days, early_bird_discount_bps
        Off the nights of a stay that begins in at least so many days; 0 days is never.
    pet_fee_minor
        Once a stay, however many pets.
    """

    currency: str
    cleaning_fee_minor: int
    guests_included: int
    extra_guest_fee_minor: int
    weekly_discount_bps: int
    monthly_discount_bps: int
    service_fee_bps: int
    tax_bps: int
    last_minute_days: int = 0
    last_minute_discount_bps: int = 0
    early_bird_days: int = 0
    early_bird_discount_bps: int = 0
    pet_fee_minor: int = 0

    def discount_bps(self, nights: int) -> int:
        """Length-of-stay discount for that many nights."""
        if nights >= MONTH_NIGHTS:
            return self.monthly_discount_bps
        return self.weekly_discount_bps if nights >= WEEK_NIGHTS else 0

    def lead_discounts_bps(self, lead_days: int | None) -> tuple[int, int]:
        """Last-minute and early-bird discount of a stay that begins in so many days: the higher, the other is 0."""
        if lead_days is None:
            return 0, 0
        last_minute = self.last_minute_discount_bps if lead_days <= self.last_minute_days > 0 else 0
        early_bird = self.early_bird_discount_bps if lead_days >= self.early_bird_days > 0 else 0
        return (last_minute, 0) if last_minute >= early_bird else (0, early_bird)


@dataclass(frozen=True, slots=True)
class PriceLine:
    """One component of a price; discounts are negative."""

    component: Component
    minor: int


@dataclass(frozen=True, slots=True)
class StayPrice:
    """A stay's price; `total_minor` is the sum of `lines`, always."""

    currency: str
    lines: tuple[PriceLine, ...]

    @property
    def total_minor(self) -> int:
        """What the guest pays."""
        return sum(line.minor for line in self.lines)


def share(amount: Amount, bps: Amount | int) -> Amount:
    """`bps` ten-thousandths of a non-negative amount, rounded half up to the unit."""
    return (amount * bps + BPS // 2) // BPS


def price_stay(
    terms: PriceTerms, *, nights_minor: int, nights: int, guests: int, pets: int = 0, lead_days: int | None = None
) -> StayPrice:
    """Price a stay with a line for each component that is not zero (nights always).

    The discount for the length comes off the nights, and the one for the time of booking off what is left.

    Parameters
    ----------
    nights_minor
        Sum of the nightly prices of the stay.
    nights, guests
        Length of the stay and size of the party, both at least one.
    pets
        How many come along.
    lead_days
        Days from today, where the listing is, to the check-in; None takes no discount for them.
    """
    discount = share(nights_minor, terms.discount_bps(nights))
    last_minute, early_bird = (share(nights_minor - discount, bps) for bps in terms.lead_discounts_bps(lead_days))
    extra = max(0, guests - terms.guests_included) * terms.extra_guest_fee_minor * nights
    pet_fee = terms.pet_fee_minor if pets > 0 else 0
    subtotal = nights_minor - discount - last_minute - early_bird + extra + terms.cleaning_fee_minor + pet_fee
    amounts = {
        Component.NIGHTS: nights_minor,
        Component.LENGTH_OF_STAY_DISCOUNT: -discount,
        Component.LAST_MINUTE_DISCOUNT: -last_minute,
        Component.EARLY_BIRD_DISCOUNT: -early_bird,
        Component.EXTRA_GUESTS: extra,
        Component.CLEANING: terms.cleaning_fee_minor,
        Component.PETS: pet_fee,
        Component.SERVICE_FEE: share(subtotal, terms.service_fee_bps),
        Component.TAXES: share(subtotal, terms.tax_bps),
    }
    lines = tuple(PriceLine(c, minor) for c, minor in amounts.items() if minor or c is Component.NIGHTS)
    return StayPrice(terms.currency, lines)
