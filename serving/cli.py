"""Commands of the service: run it, sign in to it, search with it."""

from __future__ import annotations

import typer

from serving.commands.search import search
from serving.commands.serve import serve
from serving.commands.suggest_price import suggest_price
from serving.commands.token import token

app = typer.Typer()
for command in (search, suggest_price, serve, token):
    app.command()(command)
