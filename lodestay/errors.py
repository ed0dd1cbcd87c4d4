"""Everything that can go wrong, as one tree.

Every error that a person may see is a :class:`LodestayError`. The families below fix the HTTP status
and the command line's exit code; the concrete errors are named for the business fact, carry the
objects they speak of as attributes and live in the ``errors.py`` of their noun::

    LodestayError
    ├── InvalidInput (422)            what was sent breaks a rule of form
    │   ├── InvalidMoney · InvalidStay · InvalidSearch · InvalidQuery (warehouse)
    │   └── UnreadableSource          a file of an import is missing, truncated or of another kind
    ├── Unauthenticated (401)         no token, or one that does not verify
    ├── Forbidden (403)               a valid caller, somebody else's thing
    ├── NotFound (404)                no such thing, or none that this caller may see
    ├── Conflict (409)                a right request that the present state refuses
    │   ├── StayUnavailable           the nights or a stay rule in the way
    │   ├── QuoteExpired · BookingStateConflict · ListingBusy
    │   └── IdempotencyKeyInFlight    (reuse with another body is InvalidInput)
    ├── UnsupportedContent (415)      what was sent is in a format that is not read
    ├── PreconditionFailed (412)      `If-Match` names a version that is no longer the present one
    ├── PreconditionRequired (428)    an edit that must say which version it was made from
    ├── ServiceUnavailable (503)      an outside system does not answer
    └── SetupIncomplete (500)         a prerequisite or a setting is missing on this machine

A test walks the packages and fails when a concrete error stands outside a family.
"""

from __future__ import annotations

from typing import Any, ClassVar


class LodestayError(Exception):
    """Base of every error a person may see.

    Parameters
    ----------
    detail
        One sentence that names what is wrong, with the value at fault.
    hint
        One sentence that says how to mend it.
    **extensions
        Typed facts for programs; they become RFC 9457 extension members.
    """

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"
    exit_code: ClassVar[int] = 1

    def __init__(self, detail: str, *, hint: str | None = None, **extensions: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint
        self.extensions = extensions

    @classmethod
    def slug(cls) -> str:
        """Kebab-case name of the class: the last segment of the problem's ``type``."""
        return "".join(f"-{c.lower()}" if c.isupper() else c for c in cls.__name__).lstrip("-")


class InvalidInput(LodestayError):
    """What was sent breaks a rule of form."""

    status = 422
    title = "Invalid input"
    exit_code = 2


class Unauthenticated(LodestayError):
    """No token was sent, or it does not verify."""

    status = 401
    title = "Not signed in"


class Forbidden(LodestayError):
    """A valid caller asked for somebody else's thing."""

    status = 403
    title = "Not allowed"


class NotFound(LodestayError):
    """No such thing, or none that this caller may see."""

    status = 404
    title = "Not found"


class Conflict(LodestayError):
    """A well-formed request that the present state refuses."""

    status = 409
    title = "Conflict"


class UnsupportedContent(LodestayError):
    """What was sent is in a format, or packed in a way, that is not read."""

    status = 415
    title = "Unsupported content"
    exit_code = 2


class PreconditionFailed(LodestayError):
    """What was to be changed is no longer what the caller saw."""

    status = 412
    title = "Changed since"


class PreconditionRequired(LodestayError):
    """An edit does not say what the caller saw."""

    status = 428
    title = "Say which version"


class ServiceUnavailable(LodestayError):
    """An outside system does not answer."""

    status = 503
    title = "Service unavailable"


class SetupIncomplete(LodestayError):
    """A prerequisite or a setting is missing on this machine."""

    title = "Setup incomplete"
    exit_code = 3
