"""Why each line of a price is what it is, in numbers, and the lines again from nothing but those numbers.

A stored line carries its `basis`, which is one of three rules:

* ``sum``: the price of each night, in their order;
* ``share``: basis points (negative for a discount) of the lines before it that it names;
* ``product``: factors to be multiplied.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import prod
from typing import Any

from lodestay.pricing import Component, PriceTerms, StayPrice, share
from lodestay.stay import Stay

Line = dict[str, Any]
"""A line as it is stored: `component`, `minor` and, where it is explained, `basis`."""


class Rule(StrEnum):
    """How a line's amount comes about."""

    SUM = "sum"
    SHARE = "share"
    PRODUCT = "product"


@dataclass(frozen=True, slots=True)
class Explanation:
    """A line with the numbers that make it.

    Attributes
    ----------
    nights
        Each night and its price, of a ``sum``.
    of, base_minor, bps
        Components that a ``share`` is of, what they come to together, and the rate.
    factors
        Named numbers of a ``product``.
    """

    component: Component
    minor: int
    rule: Rule
    nights: tuple[tuple[date, int], ...] = ()
    of: tuple[Component, ...] = ()
    base_minor: int | None = None
    bps: int | None = None
    factors: Mapping[str, int] | None = None


def explained_lines(
    price: StayPrice, terms: PriceTerms, *, nightly_minor: Sequence[int], guests: int, lead_days: int | None
) -> list[Line]:
    """Lines of a price as they are stored, each with its basis.

    Parameters
    ----------
    nightly_minor
        Price of each night of the stay.
    guests, lead_days
        As :func:`lodestay.pricing.price_stay` was given them.
    """
    nights = len(nightly_minor)
    present = {line.component for line in price.lines}
    last_minute_bps, early_bird_bps = terms.lead_discounts_bps(lead_days)
    discounted = _present([Component.NIGHTS, Component.LENGTH_OF_STAY_DISCOUNT], present)
    taxed = _present(_TAXED, present)
    bases: dict[Component, dict[str, Any]] = {
        Component.NIGHTS: {"rule": Rule.SUM.value, "prices": list(nightly_minor)},
        Component.LENGTH_OF_STAY_DISCOUNT: _share(-terms.discount_bps(nights), [Component.NIGHTS.value]),
        Component.LAST_MINUTE_DISCOUNT: _share(-last_minute_bps, discounted),
        Component.EARLY_BIRD_DISCOUNT: _share(-early_bird_bps, discounted),
        Component.EXTRA_GUESTS: _product(
            fee_minor=terms.extra_guest_fee_minor, guests=guests - terms.guests_included, nights=nights
        ),
        Component.CLEANING: _product(fee_minor=terms.cleaning_fee_minor),
        Component.PETS: _product(fee_minor=terms.pet_fee_minor),
        Component.SERVICE_FEE: _share(terms.service_fee_bps, taxed),
        Component.TAXES: _share(terms.tax_bps, taxed),
    }
    return [
        {"component": line.component.value, "minor": line.minor, "basis": bases[line.component]} for line in price.lines
    ]


def recompute(lines: Iterable[Line]) -> list[Line]:
    """Reckon every line again from its basis alone, whatever its amount says."""
    again: dict[str, Line] = {}
    for line in lines:
        known = {component: each["minor"] for component, each in again.items()}
        again[line["component"]] = line | {"minor": _reckon(line["basis"], known)}
    return list(again.values())


def total_of(lines: Iterable[Line]) -> int:
    """What lines come to."""
    return sum(line["minor"] for line in lines)


def explain(lines: Iterable[Line], stay: Stay) -> list[Explanation]:
    """Say of each line that has a basis how it comes about."""
    lines = list(lines)
    known = {line["component"]: line["minor"] for line in lines}
    return [_explain(line, known, stay) for line in lines if "basis" in line]


def nightly_prices(lines: Iterable[Line], stay: Stay) -> dict[date, int] | None:
    """Price of each night of a stored price, or None where it was stored without."""
    for line in lines:
        if line["component"] == Component.NIGHTS and "basis" in line:
            return dict(zip(stay, line["basis"]["prices"], strict=True))
    return None


_TAXED = tuple(each for each in Component if each not in {Component.SERVICE_FEE, Component.TAXES})
"""What the platform's fee and the taxes are shares of."""


def _present(components: Iterable[Component], present: Collection[Component]) -> list[str]:
    return [each.value for each in components if each in present]


def _share(bps: int, of: list[str]) -> dict[str, Any]:
    return {"rule": Rule.SHARE.value, "bps": bps, "of": of}


def _product(**factors: int) -> dict[str, Any]:
    return {"rule": Rule.PRODUCT.value, "factors": factors}


def _reckon(basis: Mapping[str, Any], known: Mapping[str, int]) -> int:
    factors: Mapping[str, int] = basis.get("factors", {})
    prices: Sequence[int] = basis.get("prices", ())
    match Rule(basis["rule"]):
        case Rule.SUM:
            return sum(prices)
        case Rule.PRODUCT:
            return prod(factors.values())
        case Rule.SHARE:
            part: int = share(sum(known[component] for component in basis["of"]), abs(basis["bps"]))
            return part if basis["bps"] >= 0 else -part


def _explain(line: Line, known: Mapping[str, int], stay: Stay) -> Explanation:
    basis, component, minor = line["basis"], Component(line["component"]), line["minor"]
    match Rule(basis["rule"]):
        case Rule.SUM:
            return Explanation(component, minor, Rule.SUM, nights=tuple(zip(stay, basis["prices"], strict=True)))
        case Rule.PRODUCT:
            return Explanation(component, minor, Rule.PRODUCT, factors=basis["factors"])
        case Rule.SHARE:
            return Explanation(
                component,
                minor,
                Rule.SHARE,
                of=tuple(Component(each) for each in basis["of"]),
                base_minor=sum(known[each] for each in basis["of"]),
                bps=basis["bps"],
            )
