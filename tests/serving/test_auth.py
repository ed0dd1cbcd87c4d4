"""Tokens: what verifies, what does not, and who may do what."""

from __future__ import annotations

import base64
import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey

from lodestay.clock import FixedClock
from serving.auth import AUDIENCE, ISSUER, InvalidToken, mint, verify
from tests.serving.conftest import SECRET
from tests.serving.marketplace import Marketplace
from transactional.users.actors import Actor, Role

HOUR = timedelta(hours=1)
GUEST = Actor(uuid.UUID(int=7), frozenset({Role.GUEST}))


def forge(clock: FixedClock, *, alg: str = "HS256", key: str = SECRET, typ: str = "at+jwt", **changes: Any) -> str:
    """A token made by hand, right but for `changes` (None leaves a claim out)."""
    now = int(clock.now().timestamp())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(GUEST.user_id),
        "iat": now,
        "exp": now + 60,
        "roles": ["guest"],
    }
    kept = {name: value for name, value in (claims | changes).items() if value is not None}
    return jwt.encode({"alg": alg, "typ": typ}, kept, OctKey.import_key(key), algorithms=[alg])


def unsigned(clock: FixedClock) -> str:
    """A token of algorithm `none`: its claims are right and nobody signed them."""
    header, claims, _ = forge(clock).split(".")
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "at+jwt"}).encode()).rstrip(b"=").decode()
    return f"{header}.{claims}."


def test_a_minted_token_says_who_calls(clock: FixedClock) -> None:
    """What is signed is what is read."""
    assert verify(mint(GUEST, key=SECRET, clock=clock, lifetime=HOUR), key=SECRET, clock=clock) == GUEST


def test_a_token_expires(clock: FixedClock) -> None:
    """A second past its lifetime a token is nothing."""
    token = mint(GUEST, key=SECRET, clock=clock, lifetime=HOUR)
    clock.advance(HOUR + timedelta(seconds=1))
    with pytest.raises(InvalidToken, match="expired"):
        verify(token, key=SECRET, clock=clock)


@pytest.mark.parametrize(
    "changes",
    [
        {"key": "another key that is long enough to sign with"},
        {"alg": "HS512"},
        {"typ": "JWT"},
        {"iss": "somebody-else"},
        {"aud": "another-service"},
        {"iss": None},
        {"aud": None},
        {"sub": None},
        {"exp": None},
        {"iat": None},
        {"roles": None},
        {"sub": "not a uuid"},
        {"roles": ["emperor"]},
        {"roles": 5},
        {"roles": [["guest"]]},
        {"iat": 2**40},
        {"exp": "soon"},
    ],
    ids=str,
)
def test_a_token_with_anything_wrong_is_refused(changes: dict[str, Any], clock: FixedClock) -> None:
    """Each part of a token counts: change one and it is refused."""
    assert verify(forge(clock), key=SECRET, clock=clock) == GUEST
    with pytest.raises(InvalidToken):
        verify(forge(clock, **changes), key=SECRET, clock=clock)


def test_an_unsigned_token_is_refused(clock: FixedClock) -> None:
    """The algorithm is ours to choose, not the token's: `none` is no signature."""
    with pytest.raises(InvalidToken):
        verify(unsigned(clock), key=SECRET, clock=clock)


@given(st.text())
def test_garbage_is_refused_and_nothing_else_happens(garbage: str) -> None:
    """Whatever comes in the header, the outcome is an :class:`InvalidToken`."""
    from datetime import UTC, datetime  # noqa: PLC0415

    with pytest.raises(InvalidToken):
        verify(garbage, key=SECRET, clock=FixedClock(datetime(2026, 6, 15, tzinfo=UTC)))


@pytest.mark.parametrize("header", ["Bearer nonsense", "Basic Z3Vlc3Q6Z3Vlc3Q=", "Bearer", "Bearer a.b.c"])
def test_a_bad_token_is_never_ignored(header: str, client: TestClient, marketplace: Marketplace) -> None:
    """Even where nobody needs to be known, a token that does not verify is a 401 that says so."""
    answer = client.get(f"/v1/listings/{marketplace.loft}", headers={"Authorization": header})
    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/invalid-token")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
