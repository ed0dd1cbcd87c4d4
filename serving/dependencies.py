"""What endpoints ask for, as annotated aliases.

Those that wait for nothing are coroutines all the same: a plain function is run on another thread, which takes longer
than all that it does, eight times a search.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Annotated, cast, get_origin

from fastapi import Depends, Header, Request
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPBearer
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.errors import Forbidden, Unauthenticated
from serving.auth import InvalidToken
from serving.fields import known_fields
from serving.state import Services
from transactional.users.actors import Actor, Role

bearer = HTTPBearer(auto_error=False, scheme_name="accessToken", bearerFormat="JWT", description="`lodestay token`")


async def services_of(request: Request) -> Services:
    """What the application holds from its start to its end."""
    return cast("Services", request.state.services)


ServicesDep = Annotated[Services, Depends(services_of)]


async def each_given_once(request: Request) -> None:
    """Refuse a parameter that is sent twice and is no list: else the last would count, and nobody would be told."""
    if len(request.query_params) == len(sent := request.query_params.multi_items()):
        return
    counts, known = Counter(name for name, _ in sent), known_fields(request.scope["route"], "query")
    message = "Input should be given once"
    repeated = [
        {"type": "repeated", "loc": ("query", name), "msg": message}
        for name, times in counts.items()
        if times > 1 and name in known and get_origin(known[name].annotation) is not list
    ]
    if repeated:
        raise RequestValidationError(repeated)


async def reading(services: ServicesDep) -> AsyncIterator[AsyncSession]:
    """A session that cannot write."""
    async with services.sessions() as session:
        await session.connection(execution_options={"postgresql_readonly": True})
        yield session


async def writing(services: ServicesDep) -> AsyncIterator[AsyncSession]:
    """One transaction around the endpoint: committed when it returns, rolled back when it raises."""
    async with services.sessions.begin() as session:
        yield session


# Scope "function": the transaction ends before the answer is sent, so an answer never speaks of what failed to commit.
ReadSession = Annotated[AsyncSession, Depends(reading, scope="function")]
WriteSession = Annotated[AsyncSession, Depends(writing, scope="function")]


async def maybe_actor(
    request: Request, services: ServicesDep, _documented: Annotated[object, Depends(bearer)]
) -> Actor | None:
    """The caller, or None for nobody in particular; a token that does not verify is refused, never ignored."""
    sent = request.headers.get("Authorization")
    if sent is None:
        return None
    scheme, _, token = sent.partition(" ")
    if scheme.lower() != "bearer":
        raise InvalidToken(f"{scheme[:20]!r} is not taken.", hint="Send `Authorization: Bearer <token>`.")
    return services.tokens.actor_of(token.strip())


MaybeActor = Annotated[Actor | None, Depends(maybe_actor)]


async def any_actor(actor: MaybeActor) -> Actor:
    """The caller, who must be known."""
    if actor is None:
        raise Unauthenticated("This needs a caller who is known.", hint="Send `Authorization: Bearer <token>`.")
    return actor


AnyActor = Annotated[Actor, Depends(any_actor)]


class Require:
    """A caller with one of some roles (an administrator always is)."""

    def __init__(self, *roles: Role) -> None:
        self.roles = frozenset(roles)

    async def __call__(self, actor: AnyActor) -> Actor:
        """The caller, where the role is right."""
        return self.permitted(actor)

    def permitted(self, actor: Actor) -> Actor:
        """The same, for who is not asked by FastAPI."""
        if not actor.is_admin and self.roles.isdisjoint(actor.roles):
            wanted = " or ".join(sorted(self.roles)) or Role.ADMIN
            raise Forbidden(f"This is for the role {wanted}.", hint="Use a token with that role.")
        return actor


GuestActor = Annotated[Actor, Depends(Require(Role.GUEST))]
HostActor = Annotated[Actor, Depends(Require(Role.HOST))]
AdminActor = Annotated[Actor, Depends(Require())]

SessionKey = Annotated[
    str | None,
    Header(
        alias="X-Session-ID",
        pattern=r"^[A-Za-z0-9._-]{1,64}$",
        description="A random id of the visit, made by the client: ties searches to clicks. Never a person's id.",
    ),
]
