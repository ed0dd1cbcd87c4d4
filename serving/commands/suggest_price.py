"""`lodestay suggest-price`: what a host is advised, in the terminal."""

from __future__ import annotations

import asyncio
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.text import Text

from lodestay.cli.output import AsJson, console, messages, print_json, print_table, shortened
from lodestay.clock import SystemClock
from lodestay.settings import get_settings
from serving.commands import api
from serving.commands.token import mint_token
from transactional.users.actors import Role

TITLE_WIDTH = 60
"""Characters of a listing's title that are shown."""


def suggest_price(
    listing: Annotated[int, typer.Argument(min=1, help="Number of the listing.")],
    from_: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First night.")] = None,
    to: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The date after the last night.")] = None,
    token: Annotated[
        str | None,
        typer.Option(envvar="LODESTAY_TOKEN", help="Of the host; default: a development token for this listing."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Suggest what the host of a listing could ask for each night, and why."""
    settings = get_settings()
    if token is None:
        minted = mint_token(settings, SystemClock(), role=Role.HOST, user_id=None, listing_id=listing, hours=1)
        token = asyncio.run(minted).token
    asked = {
        "from": None if from_ is None else from_.date().isoformat(),
        "to": None if to is None else to.date().isoformat(),
    }
    answer = api.get(settings, f"/v1/listings/{listing}/price-suggestions", params=asked, token=token)
    if as_json:
        print_json(answer)
        return
    _print(answer)


def _print(answer: dict[str, Any]) -> None:
    title = shortened(answer["title"], TITLE_WIDTH)
    print_table(
        f"Prices for {title} (listing {answer['listing_id']}), {answer['currency']} a night",
        ("night", "free", "asked now", "suggested", "usual range", "others ask"),
        [_row(night) for night in answer["nights"]],
    )
    for why, nights in _reasons(answer["nights"]).items():
        which = "" if len(nights) == len(answer["nights"]) else f"  ({', '.join(nights)})"
        console.print(Text(f"· {why}{which}"))
    console.print(Text(f"suggested by {answer['model']}", style="dim"))
    for words in answer["degraded"]:
        messages.print(Text(f"degraded: {words}", style="yellow"))


def _row(night: dict[str, Any]) -> list[object]:
    return [
        _day(night),
        night["available"],
        _amount(night["current"]),
        Text(_whole(night["suggested"]), style="bold", justify="right"),
        f"{_whole(night['low'])} to {_whole(night['high'])}",
        None if night["market"] is None else Text(_whole(night["market"]), justify="right"),
    ]


def _reasons(nights: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Each reason once, with the nights that it holds for."""
    found: dict[str, list[str]] = {}
    for night in nights:
        for reason in night["reasons"]:
            found.setdefault(reason["sentence"], []).append(_day(night))
    return found


def _day(night: dict[str, Any]) -> str:
    return datetime.fromisoformat(night["night"]).strftime("%a %d %b")


def _whole(price: dict[str, Any]) -> str:
    """What is estimated, as a host would set it: nobody knows the hundredths; `--json` has them."""
    return f"{Decimal(price['amount']):,.0f}"


def _amount(price: dict[str, Any] | None) -> Text | None:
    return None if price is None else Text(f"{Decimal(price['amount']):,}", justify="right")
