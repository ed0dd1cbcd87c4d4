"""What requests to book are made and answered with."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from serving.bookings.schemas import SIGNATURE, Signature
from serving.schemas import Body, Id, example

PAYMENT_METHOD = r"^[A-Za-z0-9_-]{1,120}$"


class RequestIn(Body):
    """A quote that the host is to agree to."""

    model_config = example(quote_id="01930f6e-3c52-7d3b-8f1e-0c8c2f0a9d11", signature=SIGNATURE, payment_method="pm_ok")

    quote_id: Id = Field(examples=["01930f6e-3c52-7d3b-8f1e-0c8c2f0a9d11"])
    signature: Signature
    payment_method: str = Field(
        pattern=PAYMENT_METHOD,
        description="The payment processor's token, charged when the host accepts: never a card's number.",
        examples=["pm_ok"],
    )


class Reason(StrEnum):
    """Why a host declines."""

    DATES_NOT_AVAILABLE = "dates_not_available"
    NOT_SUITABLE = "not_suitable"
    OTHER = "other"


class DeclineIn(Body):
    """A host's no."""

    model_config = example(reason="dates_not_available")

    reason: Reason = Field(Reason.OTHER, strict=False)
