"""`make prove`: run the proof and say what came of it; exit code 1 where a promise was broken."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from bench.proof.plan import LANES
from bench.proof.report import as_json, publish
from bench.proof.run import Order, postgres, run

app = typer.Typer(pretty_exceptions_enable=False)


@contextmanager
def place(folder: Path | None) -> Iterator[Path]:
    """A folder for the run: one to keep, or one that is gone afterwards."""
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="lodestay-proof-") as made:
        yield Path(made)


@app.command()
def prove(
    *,
    seed: Annotated[int, typer.Option(help="Of the first history.")] = 1,
    histories: Annotated[int, typer.Option(help="Histories of 100 operations.")] = 500,
    workers: Annotated[int, typer.Option(help="Worker processes.", min=1, max=LANES)] = 4,
    kills: Annotated[int, typer.Option(help="Kills of workers and of PostgreSQL.")] = 20,
    minutes: Annotated[float, typer.Option(help="Time after which it ends in any case.")] = 60.0,
    at_a_time: Annotated[int, typer.Option(help="Histories under way in one worker.")] = 4,
    folder: Annotated[
        Path | None, typer.Option(help="Where to leave everything, PostgreSQL running, to be looked at.")
    ] = None,
    blocking: Annotated[bool, typer.Option(help="One transaction at a time in a worker, or many by asyncio.")] = True,
    over_http: Annotated[bool, typer.Option(help="The processor as a process of its own.")] = False,
    to_page: Annotated[bool, typer.Option("--publish", help="Write the result into docs/proof.md.")] = False,
    output: Annotated[Path | None, typer.Option(help="JSON file for the result.")] = None,
) -> None:
    """Run random histories on a PostgreSQL of their own, killing processes, and check each."""
    order = Order(
        seed=seed,
        histories=histories,
        workers=workers,
        kills=kills,
        minutes=minutes,
        at_a_time=at_a_time,
        blocking=blocking,
        over_http=over_http,
    )
    with place(folder) as here, postgres(here / "home", keep=folder is not None) as services:
        outcome = run(order, services, here, report=print)
    print(as_json(outcome))
    if output is not None:
        output.write_text(as_json(outcome), encoding="utf-8")
    if to_page:
        publish(outcome, f"make prove ARGS='{' '.join(sys.argv[1:])}'")
    for violation in outcome.violations[:20]:
        print(f"BROKEN: {violation.rule}: {violation.what}", file=sys.stderr)
        print(f"  again: make prove ARGS='--seed {violation.seed} --histories 1 --kills 0'", file=sys.stderr)
    if outcome.violations:
        sys.exit(1)


if __name__ == "__main__":
    app()
