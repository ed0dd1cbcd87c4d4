"""`Idempotency-Key` on unsafe calls: the same key and body, sent again, get the first answer again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from serving.dependencies import AnyActor, ServicesDep, WriteSession
from transactional.kit.idempotency import MAX_KEY_LENGTH, Answer, Call, hash_body, run_once

REPLAYED = "Idempotency-Replayed"

Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=MAX_KEY_LENGTH,
        description="A fresh UUID for each new wish; the same one when the same call is sent again.",
        examples=["0b5a2c1e-4f7d-4b5e-9c55-0d7f0f6f3f11"],
    ),
]


@dataclass(frozen=True)
class Once:
    """Runs the effect of one keyed call, in the transaction of the request."""

    session: AsyncSession
    call: Call
    services: ServicesDep

    async def __call__(self, effect: Callable[[], Awaitable[tuple[int, BaseModel]]]) -> JSONResponse:
        """Have the effect and answer, or answer as the first time.

        Parameters
        ----------
        effect
            Does the work and returns the status and the body to answer with.
        """

        async def answer() -> Answer:
            status, body = await effect()
            return Answer(status, body.model_dump(mode="json"))

        given, replayed = await run_once(self.session, self.call, answer, now=self.services.clock.now())
        return JSONResponse(given.body, given.status, headers={REPLAYED: "true"} if replayed else {})


async def keyed_call(request: Request, key: Key, actor: AnyActor) -> Call:
    """Who calls what, with which key and body."""
    return Call(
        actor=str(actor.user_id),
        method=request.method,
        route=request.url.path,
        key=key,
        body_hash=hash_body(await request.body()),
    )


KeyedCall = Annotated[Call, Depends(keyed_call)]


async def once(call: KeyedCall, session: WriteSession, services: ServicesDep) -> Once:
    """Tie a call's effect to its key, its caller and its body."""
    return Once(session, call, services)


OnceDep = Annotated[Once, Depends(once)]
