"""Commands of the service: run it, sign in to it, search with it."""

from __future__ import annotations

import typer

from serving.commands import serve, token

app = typer.Typer()
app.command("serve")(serve.serve)
app.command("token")(token.token)
