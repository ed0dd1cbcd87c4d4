"""`lodestay token`: access tokens for development."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.cli.output import AsJson, messages, print_json
from lodestay.clock import Clock, SystemClock
from lodestay.errors import Forbidden, InvalidInput
from lodestay.settings import Environment, Settings, get_settings
from serving.auth import mint
from transactional.kit.reaching import opened
from transactional.listings.repository import get_bookable
from transactional.users.actors import Actor, Role
from transactional.users.repository import find_by_role
from transactional.users.repository import get as get_user
from transactional.users.service import create_user

MAX_HOURS = 24 * 30
LOCK_TIMEOUT_MS = 2_000


class TokenRefused(Forbidden):
    """A development token asked for where there must be none."""

    title = "No development tokens here"


class WrongRole(InvalidInput):
    """A role that the user does not have."""

    title = "The user does not have that role"


@dataclass(frozen=True)
class Minted:
    """A token and whom it speaks for."""

    token: str
    user_id: UUID
    role: Role
    expires_in: int


def token(
    role: Annotated[Role, typer.Option(help="What the caller may be.")] = Role.GUEST,
    user: Annotated[UUID | None, typer.Option(help="Who; default: the first user of the role.")] = None,
    listing: Annotated[int | None, typer.Option(min=1, max=2**63 - 1, help="The host of this listing.")] = None,
    hours: Annotated[int, typer.Option(min=1, max=MAX_HOURS, help="How long it is good.")] = 12,
    *,
    as_json: AsJson = False,
) -> None:
    """Print an access token for development."""
    minted = asyncio.run(
        mint_token(get_settings(), SystemClock(), role=role, user_id=user, listing_id=listing, hours=hours)
    )
    if as_json:
        print_json(minted)
        return
    typer.echo(minted.token)
    if messages.is_terminal:
        messages.print(f"[dim]{minted.role} {minted.user_id}, good for {hours} h: Authorization: Bearer …[/]")


async def mint_token(
    settings: Settings, clock: Clock, *, role: Role, user_id: UUID | None, listing_id: int | None, hours: int
) -> Minted:
    """Find (or make) a user of the role and sign a token for them; never in production."""
    if settings.environment is Environment.PRODUCTION:
        raise TokenRefused("Development tokens are not minted in production.", hint="Sign in instead.")
    lifetime = timedelta(hours=hours)
    database_url = settings.require_database_url()
    async with opened(database_url, lock_timeout_ms=LOCK_TIMEOUT_MS) as sessions, sessions.begin() as session:
        chosen = await _choose(session, clock, role=role, user_id=user_id, listing_id=listing_id)
    actor = Actor(chosen, frozenset({role}))
    signed = mint(actor, key=settings.signing_key(), clock=clock, lifetime=lifetime)
    return Minted(signed, chosen, role, int(lifetime.total_seconds()))


async def _choose(
    session: AsyncSession, clock: Clock, *, role: Role, user_id: UUID | None, listing_id: int | None
) -> UUID:
    if listing_id is not None:
        user_id = (await get_bookable(session, listing_id)).host_id
    if user_id is not None:
        user = await get_user(session, user_id)
        if role not in user.roles:
            raise WrongRole(f"That user is no {role}, but: {', '.join(user.roles)}.", hint="Choose another --role.")
        return user.user_id
    if known := await find_by_role(session, role, limit=1):
        return known[0].user_id
    made = await create_user(
        session, clock, display_name=f"Development {role}", roles=[role], locale="en", currency="EUR"
    )
    return made.user_id
