"""`lodestay search`: a ranked search in the terminal."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.text import Text

from lodestay.cli.output import AsJson, console, messages, print_json, print_table, shortened
from lodestay.settings import get_settings
from search.flexible import MAX_DAYS, MAX_MONTHS, Trip
from search.request import MAX_PAGE_SIZE, Sort
from serving.commands import api
from serving.search.schemas import SearchQuery

Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]
TITLE_WIDTH = 60
"""Characters of a listing's title that are shown."""
Many = Annotated[list[str] | None, typer.Option(help="May be given several times.")]


def search(  # noqa: PLR0917 (a command's options)
    text: Annotated[str | None, typer.Argument(help="A wish in words: 'sauna near the harbour'.")] = None,
    place: Annotated[str | None, typer.Option(help="A city or a part of one.")] = None,
    market: Annotated[str | None, typer.Option(help="Key of a market.")] = None,
    bounds: Annotated[str | None, typer.Option(help="south,west,north,east")] = None,
    polygon: Annotated[str | None, typer.Option(help="latitude,longitude;latitude,longitude;… once round")] = None,
    latitude: Annotated[float | None, typer.Option(help="Of a centre.")] = None,
    longitude: Annotated[float | None, typer.Option(help="Of a centre.")] = None,
    radius_km: Annotated[float | None, typer.Option(help="Around the centre.")] = None,
    check_in: Day = None,
    check_out: Day = None,
    flexible_days: Annotated[int | None, typer.Option(min=1, max=MAX_DAYS, help="The dates may move so far.")] = None,
    flexible: Annotated[Trip | None, typer.Option(help="Instead of dates: how long.")] = None,
    month: Annotated[list[str] | None, typer.Option(help="With --flexible: 2027-05; several times for more.")] = None,
    months_ahead: Annotated[int | None, typer.Option(min=1, max=MAX_MONTHS, help="Instead of --month.")] = None,
    guests: Annotated[int, typer.Option(min=1, help="Size of the party.")] = 2,
    room_type: Many = None,
    property_type: Many = None,
    category: Many = None,
    amenity: Many = None,
    accessibility: Many = None,
    allows: Many = None,
    host_language: Many = None,
    neighbourhood: Many = None,
    cancellation_policy: Many = None,
    min_price: Annotated[str | None, typer.Option(help="Of the stay, in the currency.")] = None,
    max_price: Annotated[str | None, typer.Option(help="Of the stay, in the currency.")] = None,
    min_bedrooms: Annotated[int | None, typer.Option(min=0)] = None,
    min_beds: Annotated[int | None, typer.Option(min=0)] = None,
    min_bathrooms: Annotated[float | None, typer.Option(min=0)] = None,
    min_rating: Annotated[float | None, typer.Option(min=0, max=5)] = None,
    instant_book: Annotated[bool | None, typer.Option(help="Without asking the host.")] = None,
    superhost: Annotated[bool | None, typer.Option(help="Of a superhost.")] = None,
    map_zoom: Annotated[int | None, typer.Option(min=0, help="Count map tiles of this zoom; see --json.")] = None,
    sort: Annotated[Sort, typer.Option(help="Order of the results.")] = Sort.RELEVANCE,
    page: Annotated[int, typer.Option(min=1)] = 1,
    cursor: Annotated[str | None, typer.Option(help="`next_cursor` of the page before; see --json.")] = None,
    page_size: Annotated[int, typer.Option(min=1, max=MAX_PAGE_SIZE, help="Results shown.")] = 10,
    currency: Annotated[str | None, typer.Option(help="ISO 4217 code of the prices shown.")] = None,
    locale: Annotated[str, typer.Option(help="BCP 47 tag.")] = "en",
    *,
    as_json: AsJson = False,
) -> None:
    """Search for stays: ranked, with exact totals and the reasons for the order."""
    given = locals()
    asked = {name: _sent(given[name]) for name in SearchQuery.model_fields if name in given}
    answer = api.get(get_settings(), "/v1/search", params=asked, token=None)
    if as_json:
        print_json(answer)
        return
    _print(answer)


def _sent(option: object) -> object:
    """An option as the API reads it: lists without a value are not sent, dates have no hour."""
    if isinstance(option, datetime):
        return option.date().isoformat()
    return [] if option is None else option


def _print(answer: dict[str, Any]) -> None:
    where = answer["place"]["name"] if answer["place"] else answer["market"] or "everywhere"
    stay = f", {_dates(answer)}" if answer["nights"] else ""
    prices = (f"total {answer['currency']}", "a night") if answer["nights"] else (f"a night {answer['currency']}",)
    print_table(
        f"{answer['total_count']:,} places to stay in {where}{stay}",
        ("#", "place, and why it stands here", *prices, "km", "rating"),
        [
            _row(result, dated=bool(answer["nights"]), flexible=answer["stays_tried"] is not None)
            for result in answer["results"]
        ],
    )
    shown = f"page {answer['page']} of {answer['pages']}, " if answer["pages"] > 1 else ""
    console.print(Text(f"{shown}ordered by {answer['ranker']}", style="dim"))
    for words in answer["degraded"]:
        messages.print(Text(f"degraded: {words}", style="yellow"))


def _dates(answer: dict[str, Any]) -> str:
    if answer["stays_tried"] is None:
        return f"{answer['check_in']} to {answer['check_out']}"
    return f"{answer['nights']} nights, the best of {answer['stays_tried']} stays"


def _row(result: dict[str, Any], *, dated: bool, flexible: bool) -> list[object]:
    price, distance = result["price"], result["distance_km"]
    return [
        result["rank"],
        _place(result, flexible=flexible),
        *([_money(price["total"])] if dated else []),
        _money(price["per_night"]),
        None if distance is None else f"{distance:.1f}",
        _rating(result),
    ]


def _place(result: dict[str, Any], *, flexible: bool) -> Text:
    """The title with the listing's number, its dates, and a reason a line: readable at eighty columns."""
    text = Text(shortened(result["title"], TITLE_WIDTH), style="bold")
    text.append(f"  [{result['listing_id']}]", style="not bold dim")
    if flexible:
        text.append(f"\n{result['check_in']} to {result['check_out']}", style="not bold")
    for reason in result["reasons"]:
        text.append(f"\n{_sign(reason)} {reason['sentence']}", style="not bold dim")
    return text


def _sign(reason: dict[str, Any]) -> str:
    """What counts for nothing in the ranker's score, as the words do that order before it, is still no minus."""
    return "\N{MINUS SIGN}" if reason["contribution"] < 0 else "+"


def _rating(result: dict[str, Any]) -> str | None:
    return None if result["rating"] is None else f"{float(result['rating']):.2f} ({result['review_count']})"


def _money(price: dict[str, Any] | None) -> Text | None:
    return None if price is None else Text(f"{Decimal(price['amount']):,.0f}", justify="right", no_wrap=True)
