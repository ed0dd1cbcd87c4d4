"""`python -m bench.mutants`: take the guards out one by one; exit code 1 where no test notices."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.mutants.catalogue import MUTANTS
from bench.mutants.run import Fate, Verdict, hunt
from lodestay.cli.output import print_rows
from lodestay.settings import PROJECT_ROOT

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def mutants(
    only: Annotated[str, typer.Argument(help="Part of a name, or a boundary bug such as B7; all by default.")] = "",
) -> None:
    """Apply every mutant to a copy of the tree and run its tests."""
    chosen = [mutant for mutant in MUTANTS if only in mutant.name or only == mutant.guards]

    def tell(verdict: Verdict) -> None:
        print(f"{verdict.fate:9} {verdict.mutant.guards:6} {verdict.mutant.name}", flush=True)
        if verdict.said:
            print(verdict.said, flush=True)

    verdicts = hunt(chosen, root=PROJECT_ROOT, tell=tell)
    caught = sum(verdict.fate is Fate.CAUGHT for verdict in verdicts)
    rows = [{"what": fate.value, "mutants": sum(v.fate is fate for v in verdicts)} for fate in Fate]
    print_rows("Mutants", rows, columns={"what": "", "mutants": "mutants"}, as_json=False)
    if caught < len(verdicts) or not verdicts:
        raise typer.Exit(1)


app()
