"""A small marketplace for tests of the service: two hosts, two guests, an administrator, three listings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from tests.transactional.factories import (
    actor_of,
    create_host,
    create_listing,
    create_market,
    create_season,
    create_user,
)
from transactional.users.actors import Actor, Role


@dataclass(frozen=True)
class Marketplace:
    """Who and what there is."""

    guest: Actor
    other_guest: Actor
    host: Actor
    other_host: Actor
    admin: Actor
    loft: int
    studio: int
    house_of_other_host: int


async def create_marketplace(session: AsyncSession) -> Marketplace:
    """Fill an empty database and commit."""
    market = await create_market(session)
    host, other_host = await create_host(session), await create_host(session)
    loft = await create_listing(session, market=market, host=host, title="Loft by the river", rating=Decimal("4.50"))
    studio = await create_listing(
        session,
        market=market,
        host=host,
        title="Studio under the roof",
        room_type="private_room",
        rating=Decimal("4.90"),
        rate_plan={"base_price_minor": 6_000, "weekend_price_minor": 6_500},
    )
    house = await create_listing(
        session,
        market=market,
        host=other_host,
        title="House with a garden",
        latitude=market.latitude + 0.05,
        amenities=["wifi", "pool"],
        rate_plan={"base_price_minor": 22_000, "weekend_price_minor": 25_000},
    )
    # Most of the year it costs more than its rate plan says, so that what a night usually costs is no base price.
    await create_season(session, house.listing_id, starts_on=date(2026, 9, 1), ends_before=date(2027, 6, 1))
    marketplace = Marketplace(
        guest=actor_of(await create_user(session)),
        other_guest=actor_of(await create_user(session)),
        host=actor_of(host),
        other_host=actor_of(other_host),
        admin=actor_of(await create_user(session, roles=(Role.ADMIN,))),
        loft=loft.listing_id,
        studio=studio.listing_id,
        house_of_other_host=house.listing_id,
    )
    await session.commit()
    return marketplace
