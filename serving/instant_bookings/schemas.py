"""What it takes to book at once."""

from __future__ import annotations

from pydantic import Field

from serving.bookings.schemas import Signature
from serving.schemas import Body, Id, example
from transactional.bookings.instant import Wish
from transactional.payments.receipts import MAX_LENGTH
from transactional.users.actors import Actor


class InstantBookingIn(Body):
    """A quote to be booked, and the payment processor's word that its total is authorised."""

    model_config = example(
        quote_id="01930f6e-3c52-7d3b-8f1e-0c8c2f0a9d11",
        signature="7d5e0c9bb9a4e1a1f35f4bd2bb2d0a4f6a4e5c5b0f2d7c1e93f8a6b4c2d1e0f9",
        receipt="eyJwcm9jZXNzb3JfaWQiOiJhdXRoXzEifQ.5f0d9f0a0f0c5f6b7a7d5e0c9bb9a4e1a1f35f4bd2bb2d0a4f6a4e5c5b0f2d7c",
    )

    quote_id: Id = Field(examples=["01930f6e-3c52-7d3b-8f1e-0c8c2f0a9d11"])
    signature: Signature
    receipt: str = Field(
        max_length=MAX_LENGTH, description="Of an authorisation of the quote's `charge_total` for the quote's number."
    )

    def wish_of(self, actor: Actor) -> Wish:
        """The same as a guest's wish."""
        return Wish(guest_id=actor.user_id, quote_id=self.quote_id, signature=self.signature, receipt=self.receipt)
