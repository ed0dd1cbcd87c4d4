"""Make users, and change what is known of them."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import Clock
from lodestay.ids import new_id
from lodestay.money import minor_digits
from transactional.users import repository
from transactional.users.actors import Role
from transactional.users.errors import InvalidUser
from transactional.users.models import HostProfile, User


async def create_user(
    session: AsyncSession, clock: Clock, *, display_name: str, roles: Collection[Role], locale: str, currency: str
) -> User:
    """Add a user.

    Parameters
    ----------
    locale
        BCP 47 tag of the language they read.
    currency
        ISO 4217 code of what they want prices in.
    """
    if not display_name.strip() or not roles:
        raise InvalidUser("A user has a name to show and at least one role.", hint="Send both.")
    minor_digits(currency)
    user = User(
        user_id=new_id(),
        display_name=display_name.strip(),
        roles=sorted(role.value for role in set(roles)),
        locale=locale,
        currency=currency,
        is_active=True,
        created_at=clock.now(),
    )
    session.add(user)
    await session.flush()
    return user


async def set_languages(session: AsyncSession, host_id: UUID, languages: Collection[str]) -> HostProfile:
    """Replace the languages that a host speaks, each once and in order; the host's listings carry them.

    Raises
    ------
    UserNotFound
        Nobody has that id.
    """
    await repository.get(session, host_id)
    return await repository.save_languages(session, host_id, sorted(set(languages)))
