"""Who calls: signed access tokens with roles, in the form of RFC 9068.

A token is a JWT signed with HS256 and nothing else: the algorithm is pinned here, whatever the token's
header says. Accounts and sign-in come with a later part; until then `lodestay token` mints tokens for
development.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from lodestay.clock import Clock
from lodestay.errors import Unauthenticated
from lodestay.ids import new_id
from transactional.users.actors import Actor, Role

ALGORITHM = "HS256"
TOKEN_TYPE = "at+jwt"  # noqa: S105 (RFC 9068's media type, not a secret)
ISSUER = "lodestay"
AUDIENCE = "lodestay-api"
CLIENT = "lodestay-cli"


class InvalidToken(Unauthenticated):
    """A token that does not verify: of another issuer, expired, altered or no token at all."""

    title = "Invalid token"


def mint(actor: Actor, *, key: str, clock: Clock, lifetime: timedelta) -> str:
    """Sign a token for somebody that expires after `lifetime`."""
    now = int(clock.now().timestamp())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(actor.user_id),
        "client_id": CLIENT,
        "iat": now,
        "exp": now + int(lifetime.total_seconds()),
        "jti": str(new_id()),
        "roles": sorted(actor.roles),
    }
    return jwt.encode({"alg": ALGORITHM, "typ": TOKEN_TYPE}, claims, _key(key), algorithms=[ALGORITHM])


def verify(token: str, *, key: str, clock: Clock) -> Actor:
    """Say who a token speaks for; raises as :func:`verify_until`."""
    return verify_until(token, key=key, clock=clock)[0]


def verify_until(token: str, *, key: str, clock: Clock) -> tuple[Actor, int]:
    """Say who a token speaks for, and until which second since 1970.

    Raises
    ------
    InvalidToken
        It is not ours, not for this service, altered, expired, or names no user and roles.
    """
    registry = jwt.JWTClaimsRegistry(
        now=int(clock.now().timestamp()),
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": AUDIENCE},
        sub={"essential": True},
        iat={"essential": True},
        exp={"essential": True},
        roles={"essential": True},
    )
    try:
        decoded = jwt.decode(token, _key(key), algorithms=[ALGORITHM])
        if decoded.header.get("typ", "").lower() != TOKEN_TYPE:
            raise _refused("It is not an access token.")
        registry.validate(decoded.claims)
        actor = Actor(UUID(decoded.claims["sub"]), frozenset(map(Role, decoded.claims["roles"])))
        return actor, int(decoded.claims["exp"])
    except JoseError as error:
        # The library's error code ("expired_token", "bad_signature") helps a caller and says nothing secret.
        raise _refused(f"The token was refused: {error.error}.") from None
    except (ValueError, TypeError, AttributeError):
        raise _refused("The token cannot be read.") from None


def _refused(detail: str) -> InvalidToken:
    return InvalidToken(detail, hint="Send `Authorization: Bearer <token>`; `lodestay token` prints one.")


def _key(secret: str) -> OctKey:
    return OctKey.import_key(secret)
