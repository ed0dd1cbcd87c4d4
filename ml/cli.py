"""``lodestay models``: which models serve, and how good they are."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from lodestay.settings import get_settings

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _commands() -> None:
    """Keep the command's name: Typer runs an app of one command without it."""


@app.command()
def models(*, as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False) -> None:
    """List the champion of every model with its figures, and why it is the champion."""
    from ml.registry import Registry  # noqa: PLC0415 - MLflow takes seconds to import; --help should not wait

    registry = Registry(get_settings().require_mlflow_tracking_uri())
    found = [(name, registry.champion_version(name)) for name in registry.names()]
    if as_json:
        rows = [
            {
                "model": name,
                "champion": version and version.version,
                "metrics": dict(version.metrics) if version else {},
                "tags": dict(version.tags) if version else {},
            }
            for name, version in found
        ]
        typer.echo(json.dumps(rows, indent=2))
        return
    table = Table("model", "champion", "kind", "figures", "why")
    for name, version in found:
        if version is None:
            table.add_row(name, "none", "", "", "")
            continue
        figures = ", ".join(f"{key} {value:.3f}" for key, value in sorted(version.metrics.items()) if key in _SHOWN)
        table.add_row(name, str(version.version), version.tags.get("kind"), figures, version.tags.get("reasons"))
    Console().print(table)


_SHOWN = frozenset({"judged", "judged_low", "judged_high", "ndcg_10", "truth_ndcg_10", "relative_mae", "coverage"})
