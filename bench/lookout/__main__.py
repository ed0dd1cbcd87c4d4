"""`make lookout`: hold the search to PostgreSQL and say what came of it; exit code 1 where a promise was broken."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from bench.lookout import freshness
from bench.lookout.changing import Phase
from bench.lookout.report import again, as_json, publish
from bench.lookout.run import Order, run
from bench.proof.run import postgres

app = typer.Typer(pretty_exceptions_enable=False)
STEADY, PEAK = 12.0, 200.0
"""Changes a second that freshness is promised at."""
BOUND_MS = 1_000


@app.command()
def look_out(
    *,
    seed: Annotated[int, typer.Option(help="Of the first world.")] = 1,
    worlds: Annotated[int, typer.Option(help="Worlds with a database each.")] = 5,
    steps: Annotated[int, typer.Option(help="Operations and requests in each.")] = 10_000,
    listings: Annotated[int, typer.Option(help="Listings in each.", min=6)] = 150,
    workers: Annotated[int, typer.Option(help="Worlds at the same time.", min=1)] = 2,
    with_freshness: Annotated[
        bool, typer.Option("--freshness/--no-freshness", help="Take the time from commit to search as well.")
    ] = True,
    seconds: Annotated[float, typer.Option(help="Of steady changes; a peak takes three.", min=1)] = 60.0,
    to_page: Annotated[bool, typer.Option("--publish", help="Write the result into docs/lookout.md.")] = False,
    output: Annotated[Path | None, typer.Option(help="JSON file for the result.")] = None,
) -> None:
    """Play worlds of random operations and requests, and hold every answer to PostgreSQL's rule."""
    order = Order(seed=seed, worlds=worlds, steps=steps, listings=listings, workers=workers)
    phases = [Phase("warm-up", STEADY, 5.0), Phase("steady", STEADY, seconds)]
    phases += [Phase(f"peak {number}", PEAK, 3.0, pause=5.0) for number in (1, 2, 3)]
    with tempfile.TemporaryDirectory(prefix="lodestay-lookout-") as folder, postgres(Path(folder) / "home") as services:
        server = services.records.endpoints()["LODESTAY_DATABASE_URL"]
        taken = freshness.measure(server, phases, seed=seed)[1:] if with_freshness else []
        outcome = run(order, server, report=lambda line: print(line, file=sys.stderr, flush=True))
    print(as_json(order, outcome, taken))
    if output is not None:
        output.write_text(as_json(order, outcome, taken), encoding="utf-8")
    if to_page:
        publish(order, outcome, taken, command=f"make lookout ARGS='{' '.join(sys.argv[1:])}'")
    for violation in outcome.violations[:20]:
        print(f"BROKEN: {violation.rule}: {violation.what}", file=sys.stderr)
        print(f"  again: {again(violation.seed, violation.step, order)}", file=sys.stderr)
    late = [each for each in taken if each.percentile(99) > BOUND_MS]
    for each in late:
        print(f"LATE: {each.phase.name}: p99 is {each.percentile(99):,.0f} ms", file=sys.stderr)
    if outcome.broken or late:
        sys.exit(1)


if __name__ == "__main__":
    app()
