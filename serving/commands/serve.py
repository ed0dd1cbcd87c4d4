"""`lodestay serve`: the API in the foreground."""

from __future__ import annotations

from typing import Annotated

import typer
import uvicorn


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8000,
) -> None:
    """Run the API in the foreground until Ctrl-C."""
    # One process, so that `/metrics` speaks for all of it: run several beside each other, each with its own port.
    # No access log of uvicorn's: its lines hold the query string, and so what guests typed.
    uvicorn.run("serving.app:create_app", factory=True, host=host, port=port, access_log=False, log_config=None)
