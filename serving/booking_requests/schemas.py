"""What requests to book are made and answered with."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from serving.bookings.schemas import SIGNATURE, PaymentMethod, Signature
from serving.schemas import Body, Id, example


class RequestIn(Body):
    """A quote that the host is to agree to."""

    model_config = example(quote_id="01930f6e-3c52-7d3b-8f1e-0c8c2f0a9d11", signature=SIGNATURE, payment_method="pm_ok")

    quote_id: Id = Field(examples=["01930f6e-3c52-7d3b-8f1e-0c8c2f0a9d11"])
    signature: Signature
    payment_method: PaymentMethod = Field(description="Charged when the host accepts.")


class Reason(StrEnum):
    """Why a host declines."""

    DATES_NOT_AVAILABLE = "dates_not_available"
    NOT_SUITABLE = "not_suitable"
    OTHER = "other"


class DeclineIn(Body):
    """A host's no."""

    model_config = example(reason="dates_not_available")

    reason: Reason = Field(Reason.OTHER, strict=False)
