"""`lodestay demo`: the whole path on this machine, told as the commands that anyone can type.

Each step is a command of its own, so the demo imports no other package and can do nothing that a
person could not. What is done is written down, and a second run takes up where the first left off.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Annotated, Any, Protocol, TextIO

import typer
from rich.rule import Rule

from lodestay.cli.journal import Journal, Step, chain, state_of
from lodestay.cli.output import AsJson, messages, print_json
from lodestay.errors import SetupIncomplete
from lodestay.settings import get_settings

app = typer.Typer()

PIPELINE_SERVICES = ("postgres", "opensearch", "spark", "mlflow")
STAYS_TRIED = (3, 7, 30, 92)
"""Nights of the stays that the demo looks for, until enough listings take one (Singapore asks for three months)."""
ENOUGH_RESULTS = 10
WEEKS_AHEAD = 4


class DemoStepFailed(SetupIncomplete):
    """A command of the demo did not succeed; what it printed stands above."""

    title = "The demo stopped"


@app.command()
def demo(
    *,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of an Inside Airbnb city; none: a synthetic marketplace.", show_default=False),
    ] = None,
    listings: Annotated[int, typer.Option(min=50, max=200_000, help="Size of the synthetic marketplace.")] = 3000,
    searches: Annotated[int, typer.Option(min=100, help="Searches that the simulated guests make.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Seed of everything drawn at random.")] = 7,
    stay_up: Annotated[bool, typer.Option(help="Stay until Ctrl-C and then stop the services.")] = True,
    as_json: AsJson = False,
) -> None:
    """Take a marketplace from files to a ranked, priced, bookable search."""
    started = monotonic()
    # With --json stdout is for the result alone.
    run = partial(_run, output=sys.stderr if as_json else sys.stdout)
    try:
        found = _walk(run, data=data, listings=listings, searches=searches, seed=seed)
    except KeyboardInterrupt:
        messages.print("\nStopped. What is done stays done; the services still run: `make down` stops them.")
        raise
    seconds = round(monotonic() - started, 1)
    if as_json:
        print_json(found | {"seconds": seconds})
    messages.print(f"\n[bold]Ready after {seconds:.0f} s.[/]")
    if stay_up:
        _stay_up()


def _walk(run: Run, *, data: Path | None, listings: int, searches: int, seed: int) -> dict[str, Any]:
    """Do what is not done yet, bring everything up, and show it."""
    journal = Journal(get_settings().home / "run" / "demo.json")
    run(("up", *PIPELINE_SERVICES), title="Starting the services that the pipeline needs")
    for step in plan(data=data, listings=listings, searches=searches, seed=seed):
        if journal.has(step):
            messages.print(f"[green]✓[/] {step.title} [dim](done before)[/]")
            continue
        run(step.command, title=step.title)
        journal.add(step)
    run(("up",), title="Starting everything that serves")
    market = _market_of(data)
    return {"market": market} | show(market, run=run)


def plan(*, data: Path | None, listings: int, searches: int, seed: int) -> list[Step]:
    """Everything that is done once, in order; each step is done again where one before it changed."""
    if data is None:
        made = ("generate", "--listings", str(listings), "--seed", str(seed))
        supply = Step(f"Making a marketplace of {listings:,} listings", made, "")
    else:
        supply = Step(f"Importing {data.name}", ("import", "inside-airbnb", str(data.resolve())), state_of(data))
    played = ("simulate", "--days", "30", "--searches", str(searches), "--seed", str(seed))
    return chain(
        Step("Laying out the database", ("migrate",), ""),
        Step("Loading exchange rates", ("rates",), ""),
        supply,
        Step(f"Playing a month of guests: {searches:,} searches", played, ""),
        Step("Running the pipeline: lake, features, index, models, warehouse", ("pipeline",), ""),
    )


def show(market: str, *, run: Run) -> dict[str, Any]:
    """Search, suggest a price, ask the warehouse, and say where everything is."""
    search, answer = _search_that_finds(market)
    run(search, title=f"A ranked search in {market}")
    if not answer["results"]:
        messages.print("[yellow]No stay can be booked here; without dates:[/]")
        search = ("search", "--market", market)
        answer = _ask(search)
        run(search, title=f"A ranked search in {market}, without dates")
    listing = str(answer["results"][0]["listing_id"])
    first = _today() + timedelta(weeks=WEEKS_AHEAD)
    nights = ("--from", first.isoformat(), "--to", (first + timedelta(days=7)).isoformat())
    run(("suggest-price", listing, *nights), title=f"What the host of listing {listing} is advised")
    run(("sql", weekly_figures(market)), title="A question to the warehouse")
    run(("status",), title="Where everything is")
    for role, whose in (("guest", ()), ("host", ("--listing", listing))):
        token = _ask(("token", "--role", role, *whose))["token"]
        messages.print(f"[dim]development token, {role}:[/] {token}", soft_wrap=True, highlight=False)
    api = next(service["address"] for service in _ask(("status",))["services"] if service["name"] == "api")
    messages.print(f"\nThe API's reference: {api}/docs", soft_wrap=True)
    messages.print(f"Try: curl '{api}/v1/search?market={market}&guests=2'", soft_wrap=True, highlight=False)
    return {"results": answer["total_count"], "listing_id": int(listing)}


def weekly_figures(market: str) -> str:
    """What an analyst would ask first: sold nights, occupancy, ADR and RevPAR by week."""
    return (
        "SELECT week, nights_sold, round(occupancy, 3) AS occupancy, round(adr_minor) AS adr_minor, "
        f"round(revpar_minor) AS revpar_minor FROM marts.occupancy_by_week WHERE market = '{market}' "
        "AND nights_sold > 0 ORDER BY week LIMIT 6"
    )


def _search_that_finds(market: str) -> tuple[tuple[str, ...], Any]:
    """The first of a few stays that enough listings take, or the one that most take."""
    today = _today()
    friday = today + timedelta(weeks=WEEKS_AHEAD, days=(4 - today.weekday()) % 7)
    tried: list[tuple[tuple[str, ...], Any]] = []
    for nights in STAYS_TRIED:
        dates = ("--check-in", friday.isoformat(), "--check-out", (friday + timedelta(days=nights)).isoformat())
        search = ("search", "--market", market, *dates, "--guests", "2")
        tried.append((search, _ask(search)))
        if tried[-1][1]["total_count"] >= ENOUGH_RESULTS:
            return tried[-1]
    return max(tried, key=lambda pair: int(pair[1]["total_count"]))


def _market_of(data: Path | None) -> str:
    """The market that the demo shows: of an import the one imported last, else the largest."""
    markets: list[dict[str, Any]] = _ask(("markets",))
    if data is not None:
        return str(max(markets, key=lambda market: market["imported_at"] or "")["market_key"])
    return str(max(markets, key=lambda market: int(market["active_listings"]))["market_key"])


class Run(Protocol):
    """Runs a command of ours under a title."""

    def __call__(self, command: Sequence[str], *, title: str) -> None:
        """Run it, or raise :class:`DemoStepFailed`."""


def _run(command: Sequence[str], *, title: str, output: TextIO) -> None:
    """Run a command of ours, its results to `output`, under its title."""
    messages.print(Rule(f"[bold]{title}[/]  [dim]lodestay {' '.join(command)[:100]}[/]", align="left"))
    if subprocess.run(_ours(command), check=False, stdout=output).returncode:  # noqa: S603 - a command of ours
        hint = "Mend what it says above, then run the demo again: it goes on from here."
        raise DemoStepFailed(f"`lodestay {' '.join(command)}` failed.", hint=hint)


def _ask(command: Sequence[str]) -> Any:
    """Run a command of ours and read its JSON."""
    asked = (*command, "--json")
    done = subprocess.run(_ours(asked), check=False, capture_output=True, encoding="utf-8")  # noqa: S603 - ours
    if done.returncode:
        sys.stderr.write(done.stderr)
        raise DemoStepFailed(f"`lodestay {' '.join(asked)}` failed.", hint="See `lodestay status` and `lodestay logs`.")
    return json.loads(done.stdout)


def _ours(command: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "lodestay.cli", *command]


def _today() -> date:
    return datetime.now(UTC).date()


def _stay_up() -> None:
    """Wait for Ctrl-C, then stop the services."""
    messages.print("Ctrl-C stops the services; `make demo` brings them back in under a minute.")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()
    _run(("down",), title="Stopping", output=sys.stdout)
