"""Tokens that have verified are remembered, and no longer than they are good."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from lodestay.clock import FixedClock
from serving import tokens
from serving.auth import InvalidToken, mint, verify_until
from serving.tokens import VerifiedTokens
from tests.serving.conftest import SECRET
from transactional.users.actors import Actor, Role

HOUR = timedelta(hours=1)
GUEST = Actor(UUID(int=7), frozenset({Role.GUEST}))


def counting(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tokens whose signatures were verified from here on."""
    verified: list[str] = []

    def noted(token: str, *, key: str, clock: FixedClock) -> tuple[Actor, int]:
        verified.append(token)
        return verify_until(token, key=key, clock=clock)

    monkeypatch.setattr(tokens, "verify_until", noted)
    return verified


def test_a_token_is_verified_once(clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second call costs no signature and says the same."""
    verified = counting(monkeypatch)
    known = VerifiedTokens(key=SECRET, clock=clock)
    token = mint(GUEST, key=SECRET, clock=clock, lifetime=HOUR)
    assert [known.actor_of(token), known.actor_of(token)] == [GUEST, GUEST]
    assert verified == [token]


def test_a_remembered_token_expires_all_the_same(clock: FixedClock) -> None:
    """At the second of its end it is good, as to whoever verifies it; a second later it is nothing."""
    known = VerifiedTokens(key=SECRET, clock=clock)
    token = mint(GUEST, key=SECRET, clock=clock, lifetime=HOUR)
    known.actor_of(token)
    clock.advance(HOUR)
    assert known.actor_of(token) == GUEST
    clock.advance(timedelta(seconds=1))
    with pytest.raises(InvalidToken, match="expired"):
        known.actor_of(token)


def test_nothing_that_was_refused_is_remembered(clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another key's token, and one with a letter changed, are refused each time."""
    verified = counting(monkeypatch)
    known = VerifiedTokens(key=SECRET, clock=clock)
    token = mint(GUEST, key=SECRET, clock=clock, lifetime=HOUR)
    known.actor_of(token)
    changed = token[:-2] + ("AA" if not token.endswith("AA") else "BB")
    for wrong in (mint(GUEST, key="another key, as long as a key has to be", clock=clock, lifetime=HOUR), changed):
        for _ in range(2):
            with pytest.raises(InvalidToken):
                known.actor_of(wrong)
    assert len(verified) == 5


def test_memory_is_bounded(clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more tokens than are remembered the one remembered longest is verified again."""
    verified = counting(monkeypatch)
    known = VerifiedTokens(key=SECRET, clock=clock, size=2)
    first, second, third = (mint(GUEST, key=SECRET, clock=clock, lifetime=HOUR) for _ in range(3))
    for token in (first, second, third, second, third, first):
        known.actor_of(token)
    assert verified == [first, second, third, first]
