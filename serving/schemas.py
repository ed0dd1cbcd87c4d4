"""Shapes that several areas share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, Self, get_args
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import to_jsonable_python

from lodestay.money import decimal_text
from lodestay.snapshot import MARKET_KEY
from transactional.calendars.errors import InvalidWindow
from transactional.calendars.rules import Window

MAX_CALENDAR_NIGHTS = 366
DEFAULT_CALENDAR_NIGHTS = 30

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CANONICAL = re.compile(r"0|[1-9][0-9]*")
# A plus that was not escaped comes as a blank; an exponent is how programs write very small numbers.
_NUMBER = re.compile(r" *[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)? *")
_NUMBERS = (int, float, Decimal)


def _written_day(value: object) -> object:
    if isinstance(value, date) or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    message = "Input should be a date such as 2026-12-31"
    raise ValueError(message)


def _canonical(value: object) -> object:
    if isinstance(value, str) and not _CANONICAL.fullmatch(value):
        message = "Input should be a number in the digits 0 to 9, without sign, blanks or leading zeros"
        raise ValueError(message)
    return value


def _text(value: object) -> object:
    if isinstance(value, str | UUID):
        return value
    message = "Input should be a text"
    raise ValueError(message)


def _speaking(text: str) -> str:
    if not text.strip() or not text.isprintable():
        message = "Input should be printable characters that are not all blank"
        raise ValueError(message)
    return text.strip()


def _storable(text: str) -> str:
    if "\0" in text:
        message = "Input should be text without NUL characters"
        raise ValueError(message)
    return text


# Strict models refuse the texts that JSON writes dates and ids as; lax ones take numbers for dates as well.
# The bounds keep date arithmetic around a stay inside what dates can be.
Day = Annotated[date, Field(strict=False, ge=date(1900, 1, 1), lt=date(2200, 1, 1)), BeforeValidator(_written_day)]
"""A date written YYYY-MM-DD and in no other way."""
MonthText = Annotated[str, Field(pattern=r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$", examples=["2027-05"])]
"""A month written YYYY-MM."""
Id = Annotated[UUID, Field(strict=False), BeforeValidator(_text)]
"""A UUID written as a text."""
SearchId = Annotated[Id | None, Field(description="Search that the guest came from: the ranker learns from it.")]
Name = Annotated[str, AfterValidator(_speaking)]
"""What somebody calls something: one line."""
Prose = Annotated[str, AfterValidator(_storable)]
"""What somebody writes to somebody: PostgreSQL keeps every character but NUL."""
MarketKey = Annotated[str, Field(pattern=MARKET_KEY, examples=["lisbon"])]
Guests = Annotated[int, Field(ge=1, le=50)]
Pets = Annotated[int, Field(ge=0, le=20)]
CurrencyCode = Annotated[str, Field(pattern="^[A-Z]{3}$", description="ISO 4217.")]
ListingId = Annotated[int, Field(ge=1, lt=2**63, description="Number of a listing.", examples=[42])]

PathListingId = Annotated[ListingId, BeforeValidator(_canonical)]
"""A listing's number in a path: written in one way, so that each listing has one address."""


def plain_number(text: str) -> float:
    """Read a number in ASCII digits: Python takes `1_000` and the digits of every script as well."""
    if not _NUMBER.fullmatch(text):
        message = "Input should be a number in the digits 0 to 9, such as 1000 or 12.50"
        raise ValueError(message)
    return float(text)


def _is_number(annotation: Any) -> bool:
    return annotation in _NUMBERS or any(map(_is_number, get_args(annotation)))


def example(**values: object) -> ConfigDict:
    """Have a model show one whole example of itself, from values or models."""
    return ConfigDict(json_schema_extra={"examples": [to_jsonable_python(values, by_alias=True)]})


class Body(BaseModel):
    """A JSON body sent in: no unknown fields, no guessing of types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Query(BaseModel):
    """A query string: no unknown parameters; all values are texts, so types are read from them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _plain_numbers(cls, value: object, info: ValidationInfo) -> object:
        field = cls.model_fields[info.field_name or ""]
        if isinstance(value, str) and _is_number(field.annotation):
            plain_number(value)
        return value


@dataclass(slots=True)
class MoneyOut:
    """An amount of money.

    A dataclass, as all small parts of an answer are that there may be hundreds of: they are made several times as fast.
    """

    minor: Annotated[int, Field(description="In the currency's minor unit.", examples=[12950])]
    currency: Annotated[str, Field(description="ISO 4217.", examples=["EUR"])]
    amount: Annotated[str, Field(description="The same as a decimal text in major units.", examples=["129.50"])]

    @classmethod
    def of(cls, minor: int, currency: str) -> Self:
        """Write an amount down."""
        return cls(minor, currency, decimal_text(minor, currency))


class NightsQuery(Query):
    """Nights asked about: from a date up to, and without, another."""

    from_: Day | None = Field(None, alias="from", description="First night; default: today at the listing.")
    to: Day | None = Field(None, description="The date after the last night; default: 30 nights on.")

    def window(self, *, today: date) -> Window:
        """The nights asked about, or the next thirty; `InvalidWindow` for none or more than a year of them."""
        start = self.from_ or today
        window = Window(start, self.to or start + timedelta(days=DEFAULT_CALENDAR_NIGHTS))
        if window.nights > MAX_CALENDAR_NIGHTS:
            raise InvalidWindow(
                f"{window.nights} nights are more than {MAX_CALENDAR_NIGHTS}.", hint="Ask for a shorter part."
            )
        return window
