"""The same call, sent again, has its effect once."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from lodestay.clock import FixedClock
from transactional.kit.errors import IdempotencyKeyInFlight, IdempotencyKeyReused, InvalidIdempotencyKey
from transactional.kit.idempotency import Answer, Call, begin, hash_body, prune, run_once

CALL = Call("ana", "POST", "/v1/bookings", "k-1", hash_body(b'{"quote":1}'))


class Effect:
    """Something that can be counted."""

    def __init__(self) -> None:
        self.times = 0

    async def __call__(self) -> Answer:
        """Have the effect."""
        self.times += 1
        return Answer(201, {"time": self.times})


async def test_b31_replay_returns_the_first_answer(session: AsyncSession, clock: FixedClock) -> None:
    """B31: status and body of the first execution come back, and nothing is done again."""
    effect = Effect()
    first = await run_once(session, CALL, effect, now=clock.now())
    await session.commit()
    again = await run_once(session, CALL, effect, now=clock.now())
    assert first == (Answer(201, {"time": 1}), False)
    assert again == (Answer(201, {"time": 1}), True)
    assert effect.times == 1


async def test_b31_key_with_another_body_is_refused(session: AsyncSession, clock: FixedClock) -> None:
    """B31: a key belongs to one body."""
    effect = Effect()
    await run_once(session, CALL, effect, now=clock.now())
    with pytest.raises(IdempotencyKeyReused):
        await run_once(session, replace(CALL, body_hash=hash_body(b"{}")), effect, now=clock.now())
    assert effect.times == 1


@pytest.mark.parametrize(
    "other", [{"actor": "ben"}, {"method": "PUT"}, {"route": "/v1/bookings/1/cancel"}, {"key": "k-2"}], ids=str
)
async def test_b31_calls_that_differ_do_not_meet(
    session: AsyncSession, clock: FixedClock, other: dict[str, str]
) -> None:
    """B31: actor, method, route and key name a call together; no part alone does."""
    effect = Effect()
    await run_once(session, CALL, effect, now=clock.now())
    answer, replayed = await run_once(session, replace(CALL, **other), effect, now=clock.now())
    assert (answer.body, replayed) == ({"time": 2}, False)


async def test_b31_failed_call_leaves_nothing_and_may_come_again(engine: AsyncEngine, clock: FixedClock) -> None:
    """B31: the key is committed with its effect: an effect that fails takes the key with it."""

    async def fails() -> Answer:
        raise LookupError

    async with AsyncSession(engine) as session:
        with pytest.raises(LookupError):
            await run_once(session, CALL, fails, now=clock.now())
    effect = Effect()
    async with AsyncSession(engine) as session:
        assert (await run_once(session, CALL, effect, now=clock.now()))[1] is False


async def test_b31_control_a_key_kept_without_its_effect_is_stuck(engine: AsyncEngine, clock: FixedClock) -> None:
    """B31, control: were the key committed before its effect, a failure would leave a key without an answer."""
    async with AsyncSession(engine) as session:
        assert await begin(session, CALL, now=clock.now()) is None
        await session.commit()  # here the process dies
    async with AsyncSession(engine) as session:
        with pytest.raises(TypeError):
            await run_once(session, CALL, Effect(), now=clock.now())


async def test_b31_many_at_once_have_one_effect(engine: AsyncEngine, clock: FixedClock) -> None:
    """B31: of identical calls at the same time one works, the others are told so or get its answer."""
    effect = Effect()

    async def slowly() -> Answer:
        answer = await effect()
        await asyncio.sleep(0.05)
        return answer

    async def send() -> str:
        async with AsyncSession(engine) as session:
            try:
                _, replayed = await run_once(session, CALL, slowly, now=clock.now())
            except IdempotencyKeyInFlight:
                return "in flight"
            await session.commit()
            return "replayed" if replayed else "done"

    outcomes = Counter(await asyncio.gather(*(send() for _ in range(24))))
    assert outcomes["done"] == effect.times == 1
    assert set(outcomes) <= {"done", "in flight", "replayed"}
    assert outcomes["in flight"] >= 1


@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb"], ids=["empty", "long", "newline"])
def test_key_of_the_wrong_form_is_named(key: str) -> None:
    """A key that cannot be stored or shown is refused at the door."""
    with pytest.raises(InvalidIdempotencyKey):
        replace(CALL, key=key)


async def test_prune_forgets_the_old(session: AsyncSession, clock: FixedClock) -> None:
    """Keys go by the time of their call."""
    await run_once(session, CALL, Effect(), now=clock.now())
    assert await prune(session, before=clock.now()) == 0
    assert await prune(session, before=clock.now() + timedelta(seconds=1)) == 1
    assert await session.scalar(text("SELECT count(*) FROM idempotency_keys")) == 0
