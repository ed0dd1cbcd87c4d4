"""Users."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import FixedClock
from lodestay.money import InvalidMoney
from tests.transactional.factories import create_user
from transactional.users import repository, service
from transactional.users.actors import Role
from transactional.users.errors import InvalidUser, UserNotFound


async def test_user_is_made_and_found(session: AsyncSession, clock: FixedClock) -> None:
    """With roles in order and the name trimmed."""
    made = await service.create_user(
        session, clock, display_name=" Ana ", roles=[Role.HOST, Role.GUEST], locale="pt", currency="EUR"
    )
    user = await repository.get(session, made.user_id)
    assert (user.display_name, user.roles, user.created_at) == ("Ana", ["guest", "host"], clock.now())
    assert await repository.find_by_role(session, Role.HOST, limit=5) == [user]
    assert await repository.find_by_role(session, Role.ADMIN, limit=5) == []
    with pytest.raises(UserNotFound):
        await repository.get(session, uuid4())


async def test_user_that_cannot_be_is_named(session: AsyncSession, clock: FixedClock) -> None:
    """No name, no role, no currency of this world."""
    with pytest.raises(InvalidUser):
        await service.create_user(session, clock, display_name=" ", roles=[Role.GUEST], locale="en", currency="EUR")
    with pytest.raises(InvalidUser):
        await service.create_user(session, clock, display_name="Ana", roles=[], locale="en", currency="EUR")
    with pytest.raises(InvalidMoney):
        await service.create_user(session, clock, display_name="Ana", roles=[Role.GUEST], locale="en", currency="XXX")


async def test_guests_are_made_where_missing(session: AsyncSession) -> None:
    """Those who are users already stay as they are."""
    ana = await create_user(session, name="Ana")
    await repository.ensure_guests(session, [ana.user_id, UUID(int=1), UUID(int=1)])
    assert (await repository.get(session, ana.user_id)).display_name == "Ana"
    assert (await repository.get(session, UUID(int=1))).roles == ["guest"]
