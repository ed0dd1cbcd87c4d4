"""What hosts say of themselves over HTTP."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.ext.asyncio import AsyncSession

from tests.serving.marketplace import Marketplace
from tests.serving.test_bookings import SignIn
from tests.transactional.factories import create_user
from transactional.listings.cards import load_cards
from transactional.users.actors import Role
from transactional.users.service import set_languages


async def test_a_host_says_languages(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, session: AsyncSession
) -> None:
    """Each once and in order, shown with the host's own listings alone, and what the index is built from."""
    said = client.put(
        "/v1/host-profile/languages", headers=signed_in(marketplace.host), json={"languages": ["fr", "de", "fr"]}
    )
    assert (said.status_code, said.json()["languages"]) == (200, ["de", "fr"])
    shown = {
        listing: client.get(f"/v1/listings/{listing}").json()["host"]["languages"]
        for listing in (marketplace.loft, marketplace.house_of_other_host)
    }
    assert shown == {marketplace.loft: ["de", "fr"], marketplace.house_of_other_host: ["en", "pt"]}
    cards = await load_cards(session, list(shown))
    assert {listing: card.host_languages for listing, card in cards.items()} == shown


@pytest.mark.parametrize("languages", [["english"], ["EN"], [""], ["en"] * 21, "en"])
def test_what_is_no_language(
    client: TestClient, marketplace: Marketplace, signed_in: SignIn, languages: object
) -> None:
    """Codes only, and not hundreds of them."""
    answer = client.put(
        "/v1/host-profile/languages", headers=signed_in(marketplace.host), json={"languages": languages}
    )
    assert answer.status_code == 422


async def test_a_host_without_a_profile_gets_one(session: AsyncSession) -> None:
    """Whoever signs up here as a host can say languages before anything is imported; said again, they are replaced."""
    host = await create_user(session, roles=(Role.HOST,))
    assert (await set_languages(session, host.user_id, ["sv"])).languages == ["sv"]
    assert (await set_languages(session, host.user_id, ["fi", "en"])).languages == ["en", "fi"]
