"""Random sales for the tests of money: any currency, any split, with discounts."""

from __future__ import annotations

from hypothesis import strategies as st

from lodestay.money import split_by_largest_remainder
from lodestay.pricing import Component
from transactional.ledger.rules import Sale, sale_of

CURRENCIES = ("EUR", "JPY", "KWD", "CLF")
"""Two, no, three and four decimals."""


@st.composite
def sales(draw: st.DrawFn) -> Sale:
    """A sale with up to six components, charged in its own currency or in another."""
    nights = draw(st.integers(1, 5_000_000))
    amounts = {
        Component.NIGHTS: nights,
        Component.LENGTH_OF_STAY_DISCOUNT: -draw(st.integers(0, nights - 1)),
        Component.EXTRA_GUESTS: draw(st.integers(0, 100_000)),
        Component.CLEANING: draw(st.integers(0, 100_000)),
        Component.SERVICE_FEE: draw(st.integers(0, 700_000)),
        Component.TAXES: draw(st.integers(0, 700_000)),
    }
    lines = [{"component": component.value, "minor": minor} for component, minor in amounts.items() if minor]
    currency, charge_currency = draw(st.sampled_from(CURRENCIES)), draw(st.sampled_from(CURRENCIES))
    charge_lines = lines
    if charge_currency != currency:
        total = sum(line["minor"] for line in lines if isinstance(line["minor"], int))
        charge_total = draw(st.integers(1, 4 * total))
        weights = [max(0, int(line["minor"])) for line in lines]
        shares = split_by_largest_remainder(charge_total, weights)
        charge_lines = [
            {"component": line["component"], "minor": share} for line, share in zip(lines, shares, strict=True)
        ]
    return sale_of(
        currency=currency,
        lines=lines,
        charge_currency=charge_currency,
        charge_lines=charge_lines,
        host_fee_bps=draw(st.integers(0, 10_000)),
    )


@st.composite
def refunds(draw: st.DrawFn, sale: Sale) -> list[dict[Component, int]]:
    """Up to five refunds of a sale that give every component back, the last one what is left."""
    left = dict(sale.charge_parts)
    chosen: list[dict[Component, int]] = []
    for _ in range(draw(st.integers(0, 4))):
        refund = {component: draw(st.integers(0, minor)) for component, minor in left.items()}
        left = {component: minor - refund[component] for component, minor in left.items()}
        chosen.append(refund)
    return [*chosen, left]
