"""What callers may ask of the processor."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from lodestay.errors import InvalidInput
from lodestay.money import minor_digits


def _in_use(currency: str) -> str:
    try:
        minor_digits(currency)
    except InvalidInput as error:
        raise ValueError(error.detail) from None
    return currency


Minor = Annotated[int, Field(gt=0, lt=10**15)]
Currency = Annotated[str, AfterValidator(_in_use)]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class Command(BaseModel):
    """A JSON body: no unknown fields, no guessing of types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Authorise(Command):
    """Reserve an amount."""

    payment_method: Name
    amount_minor: Minor
    currency: Currency
    reference: Name
    receipt: bool = False


class Capture(Command):
    """Take a reserved amount, or a part of it; the rest is released."""

    amount_minor: Minor
    currency: Currency


class Void(Command):
    """Give a reservation up."""


class GiveBack(Command):
    """Give back what was taken, or a part of it."""

    authorisation_id: Name
    amount_minor: Minor
    currency: Currency


class PayOut(Command):
    """Send money to a host."""

    host_id: Name
    amount_minor: Minor
    currency: Currency
    reference: Name


class Confirm(Command):
    """What the cardholder says when asked (3-D Secure)."""

    approve: bool = True


class Advance(Command):
    """Move the processor's clock forward: authorisations lapse by it."""

    seconds: Annotated[float, Field(gt=0, le=366 * 86_400, strict=False)]


class Target(Command):
    """Where messages go; none: they are kept until there is an address."""

    url: Annotated[str, Field(pattern=r"^https?://", max_length=2000)] | None
