"""Queries on users."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from transactional.users.actors import Role
from transactional.users.errors import UserNotFound
from transactional.users.models import HostProfile, User

OWN_SOURCE = "lodestay"
"""Source of a profile that its host made here."""
SIMULATED_GUEST = "Guest"
"""Display name of users who came with a simulated or imported history."""


async def get(session: AsyncSession, user_id: UUID) -> User:
    """Find a user, or raise :class:`UserNotFound`."""
    user = await session.get(User, user_id)
    if user is None:
        raise UserNotFound(user_id)
    return user


async def find_by_role(session: AsyncSession, role: Role, *, limit: int) -> list[User]:
    """Active users of a role, oldest first."""
    statement = (
        select(User)
        .where(User.roles.contains([role.value]), User.is_active)
        .order_by(User.created_at, User.user_id)
        .limit(limit)
    )
    return list((await session.scalars(statement)).all())


async def ensure_guests(session: AsyncSession, user_ids: Collection[UUID]) -> None:
    """Make nameless guests of those ids that are not users yet."""
    rows = [{"user_id": i, "display_name": SIMULATED_GUEST, "roles": [Role.GUEST.value]} for i in sorted(set(user_ids))]
    if rows:
        await session.execute(insert(User).on_conflict_do_nothing(), rows)


async def save_languages(session: AsyncSession, user_id: UUID, languages: list[str]) -> HostProfile:
    """Write a host's languages; one who came without a profile gets one."""
    statement = (
        insert(HostProfile)
        .values(user_id=user_id, source=OWN_SOURCE, source_key=user_id.hex, languages=languages)
        .on_conflict_do_update(index_elements=["user_id"], set_={"languages": languages, "updated_at": func.now()})
        .returning(HostProfile)
    )
    return (await session.scalars(statement, execution_options={"populate_existing": True})).one()
