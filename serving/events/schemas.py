"""What a client may tell of its guests' doings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from search.request import MAX_PAGE_DEPTH
from serving.events.proofs import PROOF_LENGTH
from serving.schemas import Body, Id, ListingId, example

MAX_EVENTS = 100


class SeenIn(Body):
    """A listing of an answer, at its place there."""

    event_id: Id = Field(description="Made by the client; the same event sent twice counts once.")
    search_id: Id = Field(description="Of the answer that it stood in.")
    listing_id: ListingId
    position: int = Field(ge=1, le=MAX_PAGE_DEPTH, description="Its `rank` in the answer.")
    proof: str = Field(
        min_length=PROOF_LENGTH, max_length=PROOF_LENGTH, description="Of the result: that it was shown there."
    )


class ImpressionIn(SeenIn):
    """A listing came into view."""

    type: Literal["impression"]


class ClickIn(SeenIn):
    """A listing was opened."""

    type: Literal["click"]


_EXAMPLE = {
    "type": "click",
    "event_id": "01930f6e-3c52-7d3b-8f1e-0c8c2f0a9d11",
    "search_id": "01930f6e-1f00-7b0a-9d5e-5b7e7f8f2a10",
    "listing_id": 42,
    "position": 3,
    "proof": "5f2b8c1d9e7a4036b1c2d3e4f5061728",
}


class EventsIn(Body):
    """A batch of events."""

    model_config = example(events=[_EXAMPLE])

    events: list[Annotated[ImpressionIn | ClickIn, Field(discriminator="type")]] = Field(
        min_length=1, max_length=MAX_EVENTS
    )


class EventsTaken(BaseModel):
    """How many were written down."""

    model_config = example(accepted=1, ignored=0)

    accepted: int = Field(examples=[1])
    ignored: int = Field(description="Events whose proof is not of that listing, place and search.", examples=[0])
