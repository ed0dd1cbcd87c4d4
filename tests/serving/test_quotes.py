"""Quotes over HTTP: everything a client is told of a price, and every wish that is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy.ext.asyncio import AsyncSession

from tests.serving.marketplace import Marketplace
from tests.serving.test_bookings import STAY, SignIn
from tests.transactional.factories import create_rate


@pytest.fixture
async def rate(session: AsyncSession, marketplace: Marketplace) -> Decimal:
    """Singapore dollars for one euro; the marketplace is only awaited."""
    assert marketplace
    per_euro = Decimal("1.4815")
    await create_rate(session, "SGD", per_euro)
    await session.commit()
    return per_euro


def test_a_quote_tells_what_is_charged_and_why(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, rate: Decimal
) -> None:
    """Both prices add up, the charge is the total at the rate told, and each line has its numbers."""
    wish = STAY | {"listing_id": marketplace.loft, "currency": "SGD"}
    quote = client.post("/v1/quotes", headers=signed_in(marketplace.guest), json=wish).json()
    for lines, total in (("lines", "total"), ("charge_lines", "charge_total")):
        assert sum(line["price"]["minor"] for line in quote[lines]) == quote[total]["minor"]
    assert (quote["total"]["currency"], quote["charge_total"]["currency"]) == ("EUR", "SGD")
    assert (quote["exchange_rate"], quote["exchange_day"]) == (str(rate), "2026-06-15")
    assert Decimal(quote["charge_total"]["amount"]) == (Decimal(quote["total"]["amount"]) * rate).quantize(
        Decimal("0.01")
    )
    nights, cleaning, fee, taxes = quote["explanation"]
    assert [night["price"]["minor"] for night in nights["nights"]] == [10_000, 12_000, 12_000]
    assert cleaning["factors"] == {"fee_minor": 3_000}
    assert (fee["bps"], fee["base"]["minor"], fee["of"]) == (1_400, 37_000, ["nights", "cleaning"])
    assert taxes["price"]["minor"] == 2_220
    assert len(quote["signature"]) == 64


WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({"check_in": "2026-06-01", "check_out": "2026-06-03"}, 409, "stay-unavailable"),
    ({"check_in": "2026-06-28", "check_out": "2026-06-25"}, 422, "invalid-stay"),
    ({"check_in": "2026-06-25", "check_out": "2026-06-25"}, 422, "invalid-stay"),
    ({"check_in": "2026-06-25", "check_out": "2027-07-30"}, 422, "invalid-stay"),
    ({"check_in": "2026-02-30"}, 422, "invalid-input"),
    ({"currency": "ZZZ"}, 422, "unknown-currency"),
    ({"currency": "euro"}, 422, "invalid-input"),
    ({"currency": "JPY"}, 422, "no-exchange-rate"),
    ({"guests": 5}, 422, "too-many-guests"),
    ({"guests": 0}, 422, "invalid-input"),
    ({"pets": 1}, 422, "too-many-pets"),
    ({"pets": 21}, 422, "invalid-input"),
    ({"listing_id": 10**12}, 404, "listing-not-found"),
    ({"total": 1}, 422, "invalid-input"),
]


@pytest.mark.parametrize(("wrong", "status", "problem"), WRONG, ids=[f"{n}-{row[2]}" for n, row in enumerate(WRONG)])
def test_a_bad_wish_has_a_problem_of_its_own(
    *,
    client: TestClient,
    marketplace: Marketplace,
    signed_in: SignIn,
    database_url: str,
    wrong: dict[str, Any],
    status: int,
    problem: str,
) -> None:
    """It is named, says how to mend it, and leaves neither a quote nor a used key behind."""
    wish = STAY | {"listing_id": marketplace.loft} | wrong
    answer = client.post("/v1/quotes", headers=signed_in(marketplace.guest), json=wish)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{problem}"), answer.text
    assert answer.json()["hint"]
    with psycopg.connect(database_url) as connection:
        assert connection.execute(
            "SELECT (SELECT count(*) FROM quotes), (SELECT count(*) FROM idempotency_keys)"
        ).fetchone() == (0, 0)
