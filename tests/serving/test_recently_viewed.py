"""Recently viewed listings over HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import FixedClock
from tests.serving.marketplace import Marketplace
from tests.serving.test_bookings import SignIn
from transactional.listing_views import repository
from transactional.listings.service import deactivate

VIEWED = "/v1/recently-viewed"


async def test_what_was_viewed_is_listed_newest_first_once_and_until_it_is_cleared(
    *,
    client: TestClient,
    session: AsyncSession,
    clock: FixedClock,
    marketplace: Marketplace,
    signed_in: SignIn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each listing once, the last look first, only so many; gone ones are left out; nobody else sees or clears any."""
    loft, studio, house = marketplace.loft, marketplace.studio, marketplace.house_of_other_host
    mine, theirs = signed_in(marketplace.guest), signed_in(marketplace.other_guest)

    def view(listing_id: int, headers: dict[str, str]) -> None:
        assert client.get(f"/v1/listings/{listing_id}", headers=headers).status_code == 200
        clock.advance(timedelta(seconds=1))

    def viewed(headers: dict[str, str]) -> list[int]:
        return [item["listing_id"] for item in client.get(VIEWED, headers=headers).json()["items"]]

    for listing_id in (loft, studio, loft, house, studio):
        view(listing_id, mine)
    view(loft, {})
    view(loft, signed_in(marketplace.host))
    assert viewed(mine) == [studio, house, loft]
    assert viewed(theirs) == viewed(signed_in(marketplace.host)) == []

    await deactivate(session, marketplace.other_host, house)
    await session.commit()
    assert viewed(mine) == [studio, loft]
    client.delete(VIEWED, headers=theirs)
    assert client.delete(f"{VIEWED}/{loft}", headers=mine).status_code == 204
    assert viewed(mine) == [studio]
    monkeypatch.setattr(repository, "MAX_KEPT", 1)
    view(loft, mine)
    assert viewed(mine) == [loft]
    assert await session.scalar(text("SELECT count(*) FROM listing_views")) == 1
    assert client.delete(VIEWED, headers=mine).status_code == 204
    assert viewed(mine) == []


def test_a_listing_is_shown_though_its_view_cannot_be_kept(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is remembered beside an answer never stands in its way."""

    async def fail(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("serving.recently_viewed.service.note_view", fail)
    mine = signed_in(marketplace.guest)
    assert client.get(f"/v1/listings/{marketplace.loft}", headers=mine).status_code == 200
    assert client.get(VIEWED, headers=mine).json() == {"items": []}
