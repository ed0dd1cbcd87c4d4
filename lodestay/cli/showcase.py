"""What a marketplace that is up can do, shown by the commands that anyone can type."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from lodestay.cli.commands import Run, ask
from lodestay.cli.output import messages
from lodestay.cli.readiness import wait_until_whole

STAYS_TRIED = (3, 7, 30, 92)
"""Nights of the stays that are looked for, until enough listings take one (Singapore asks for three months)."""
ENOUGH_RESULTS = 10
WEEKS_AHEAD = 4
BASELINE = "baseline"
"""What an answer calls the order where no ranking model has passed the gate, or none is loaded yet."""


def show(market: str, *, has_nights: bool, run: Run) -> dict[str, Any]:
    """Search, suggest a price, ask the warehouse; where the baseline ranks, say why."""
    answer = _show_search(market, has_nights=has_nights, run=run)
    listing = str(answer["results"][0]["listing_id"])
    first = _today() + timedelta(weeks=WEEKS_AHEAD)
    nights = ("--from", first.isoformat(), "--to", (first + timedelta(days=7)).isoformat())
    run(("suggest-price", listing, *nights), title=f"What the host of listing {listing} is advised")
    if has_nights:  # else the marts have no row of it
        run(("sql", weekly_figures(market)), title="A question to the warehouse")
    if answer["ranker"] == BASELINE and not any("not loaded" in words for words in answer["degraded"]):
        run(("models",), title="Why no trained ranker serves")
    return {"results": answer["total_count"], "listing_id": int(listing)}


def _show_search(market: str, *, has_nights: bool, run: Run) -> Any:
    """Show a search with results: with dates where any stay can be booked, else without."""
    undated = ("search", "--market", market)
    if has_nights:
        wait_until_whole(_search_for(market, STAYS_TRIED[0]))
        search, answer = _search_that_finds(market)
        run(search, title=f"A ranked search in {market}")
        if answer["results"]:
            return answer
        messages.print("[yellow]No stay can be booked here; without dates:[/]")
    else:
        wait_until_whole(undated)
        messages.print("[yellow]This city has no calendar, so nothing can be booked here; without dates:[/]")
    answer = ask(undated)
    run(undated, title=f"A ranked search in {market}, without dates")
    return answer


def say_where(market: str, listing: int) -> None:
    """Tokens to try things with, and the addresses: last, where they stay in sight."""
    for role, whose in (("guest", ()), ("host", ("--listing", str(listing)))):
        token = ask(("token", "--role", role, *whose))["token"]
        messages.print(f"[dim]development token, {role}: {token}[/]", soft_wrap=True, highlight=False)
    address = {service["name"]: service["address"] for service in ask(("status",))["services"]}
    messages.print(Rule("[bold]Where everything is[/]", align="left"))
    table = Table.grid(padding=(0, 2))
    for what, where in (
        ("API reference", f"{address['api']}/docs"),
        ("Dagster", address["dagster"]),
        ("MLflow", address["mlflow"]),
        ("a search", f"curl '{address['api']}/v1/search?market={market}&guests=2'"),
        ("another token", f"lodestay token --role host --listing {listing}"),
        ("the notebook", "marimo edit notebooks/market.py"),
        ("all services", "lodestay status"),
    ):
        table.add_row(what, Text(str(where), no_wrap=True))
    messages.print(table, soft_wrap=True)


def weekly_figures(market: str) -> str:
    """What an analyst would ask first: sold nights, occupancy, ADR and RevPAR by week."""
    return (
        "SELECT week, nights_sold, round(occupancy, 3) AS occupancy, round(adr_minor) AS adr_minor, "
        f"round(revpar_minor) AS revpar_minor FROM marts.occupancy_by_week WHERE market = '{market}' "
        "AND nights_sold > 0 ORDER BY week LIMIT 6"
    )


def _search_that_finds(market: str) -> tuple[tuple[str, ...], Any]:
    """The first of a few stays that enough listings take, or the one that most take."""
    tried: list[tuple[tuple[str, ...], Any]] = []
    for nights in STAYS_TRIED:
        search = _search_for(market, nights)
        tried.append((search, ask(search)))
        if tried[-1][1]["total_count"] >= ENOUGH_RESULTS:
            return tried[-1]
    return max(tried, key=lambda pair: int(pair[1]["total_count"]))


def _search_for(market: str, nights: int) -> tuple[str, ...]:
    """A search for a stay of so many nights from a Friday on, for two."""
    today = _today()
    friday = today + timedelta(weeks=WEEKS_AHEAD, days=(4 - today.weekday()) % 7)
    dates = ("--check-in", friday.isoformat(), "--check-out", (friday + timedelta(days=nights)).isoformat())
    return ("search", "--market", market, *dates, "--guests", "2")


def _today() -> date:
    return datetime.now(UTC).date()
