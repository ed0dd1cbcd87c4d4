"""What saved searches and their alerts are asked for and answered with."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, model_validator

from serving.saved_searches.stored import OF_THE_PAGE
from serving.schemas import Body, Id, MoneyOut, Name, Query, example
from serving.search.schemas import SearchQuery
from transactional.outbox.topics import Topic
from transactional.saved_searches.records import AlertRecord, Overview
from transactional.saved_searches.rules import MAX_SAVED, SavedSearchStatus

MAX_MARKED = 200
"""Alerts that can be marked as read at once."""
ASKED = SearchQuery(place="Lisbon", check_in=date(2027, 5, 7), check_out=date(2027, 5, 11), guests=2, currency="EUR")
"""Of the examples."""


def _storable(query: SearchQuery) -> SearchQuery:
    values = query.model_dump(mode="json", exclude=set(OF_THE_PAGE)).values()
    texts = [text for value in values for text in (value if isinstance(value, list) else [value])]
    if any(isinstance(text, str) and "\0" in text for text in texts):
        message = "Input should be text without NUL characters"
        raise ValueError(message)
    return query


class SavedSearchIn(Body):
    """A search to keep."""

    model_config = example(name="Lisbon in May", search=ASKED)

    name: Name = Field(min_length=1, max_length=60, description="What the guest calls it.", examples=["Lisbon in May"])
    search: Annotated[SearchQuery, AfterValidator(_storable)] = Field(
        description="The parameters of `GET /v1/search`. Its page, and what is counted beside it, are not kept; `text` "
        "orders what is found and keeps nothing out, so it has no part in the alerts either."
    )


class SavedSearchEdit(Body):
    """What to change; what is left out stays as it is."""

    model_config = example(name="Lisbon, early May", is_paused=False)

    name: Name | None = Field(None, min_length=1, max_length=60)
    is_paused: bool | None = Field(None, description="True: no alerts. False: alerts of what matches from now on.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.name is None and self.is_paused is None:
            raise ValueError("send a name, is_paused or both")
        return self


SAVED = {
    "saved_search_id": "01930f6e-3c52-7d3b-8f1e-0c8c2f0a9d11",
    "name": "Lisbon in May",
    "status": "active",
    "is_ready": True,
    "search": ASKED.model_dump(mode="json", exclude_defaults=True),
    "place": "Lisbon",
    "market": "lisbon",
    "currency": "EUR",
    "unread": 2,
    "created_at": "2027-01-02T09:30:00Z",
}
"""Of the examples."""


class SavedSearchOut(BaseModel):
    """A saved search."""

    model_config = example(**SAVED)

    saved_search_id: UUID
    name: str
    status: SavedSearchStatus = Field(
        description="`ended`: its arrival has passed. `too_wide`: more listings match than are watched for one search."
    )
    is_ready: bool = Field(description="False for the moment that it takes to look at what matches already.")
    search: dict[str, Any] = Field(description="Send these to `GET /v1/search` to see what matches now.")
    place: str | None = Field(description="The place that was understood; it keeps its meaning.")
    market: str | None
    currency: str = Field(description="Of its prices and its alerts.")
    unread: int = Field(description="Alerts that were not marked as read.")
    created_at: datetime

    @classmethod
    def of(cls, overview: Overview) -> Self:
        """Write a saved search down."""
        search = overview.search
        return cls(
            saved_search_id=search.saved_search_id,
            name=search.name,
            status=SavedSearchStatus(search.status),
            is_ready=search.is_ready,
            search=search.params,
            place=search.place.get("name"),
            market=search.place.get("market"),
            currency=search.currency,
            unread=overview.unread,
            created_at=search.created_at,
        )


class SavedSearchesOut(BaseModel):
    """The caller's saved searches, newest first."""

    model_config = example(items=[SAVED], limit=MAX_SAVED)

    items: list[SavedSearchOut]
    limit: int = Field(description="That can be kept.")


class AlertsQuery(Query):
    """Which alerts."""

    saved_search_id: Id | None = Field(None, description="Of one saved search.")
    unread: bool = Field(False, description="Only those that were not marked as read.")
    cursor: str | None = Field(None, max_length=200, description="`next_cursor` of the page before.")
    size: int = Field(20, ge=1, le=100)


ALERT = {
    "alert_id": "01930f6e-3c52-7d3b-8f1e-0c8c2f0a9d12",
    "saved_search_id": "01930f6e-3c52-7d3b-8f1e-0c8c2f0a9d11",
    "name": "Lisbon in May",
    "listing_id": 42,
    "title": "Loft by the river",
    "cause": "booking.cancelled",
    "total": MoneyOut.of(51500, "EUR"),
    "created_at": "2027-01-03T18:04:11Z",
    "read_at": None,
}
"""Of the examples."""


class AlertOut(BaseModel):
    """A listing came to match a saved search."""

    model_config = example(**ALERT)

    alert_id: UUID
    saved_search_id: UUID
    name: str = Field(description="Of the saved search.")
    listing_id: int
    title: str
    cause: Topic = Field(description="The change of the listing after which it matched.")
    total: MoneyOut | None = Field(description="Of the stay, as it was then; null without dates.")
    created_at: datetime
    read_at: datetime | None

    @classmethod
    def of(cls, alert: AlertRecord) -> Self:
        """Write an alert down."""
        return cls(
            alert_id=alert.alert_id,
            saved_search_id=alert.saved_search_id,
            name=alert.name,
            listing_id=alert.listing_id,
            title=alert.title,
            cause=Topic(alert.cause),
            total=None if alert.total_minor is None else MoneyOut.of(alert.total_minor, alert.currency),
            created_at=alert.created_at,
            read_at=alert.read_at,
        )


class AlertsOut(BaseModel):
    """A page of alerts, newest first."""

    model_config = example(items=[ALERT], next_cursor=None)

    items: list[AlertOut]
    next_cursor: str | None = Field(description="Null on the last page.")


class ReadAlertsIn(Body):
    """Alerts that were read."""

    model_config = example(alert_ids=["01930f6e-3c52-7d3b-8f1e-0c8c2f0a9d12"])

    alert_ids: list[Id] = Field(min_length=1, max_length=MAX_MARKED)


class ReadAlertsOut(BaseModel):
    """How many alerts were marked."""

    model_config = example(marked=1)

    marked: int = Field(description="Those of the caller's that were not marked before; others are passed over.")
