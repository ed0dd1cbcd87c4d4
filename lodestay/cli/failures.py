"""A failure as a person reads it, and as a program does."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any

import orjson
from rich.console import Console
from rich.markup import escape

from lodestay.cli.extras import extra_with
from lodestay.errors import LodestayError, SetupIncomplete


@dataclass(frozen=True, kw_only=True)
class Failure:
    """What went wrong and how to mend it."""

    slug: str
    title: str
    status: int
    exit_code: int
    detail: str
    hint: str | None
    extensions: dict[str, Any] = field(default_factory=dict)


def describe(error: Exception) -> Failure:
    """The failure behind any exception."""
    if isinstance(error, LodestayError):
        return Failure(
            slug=error.slug(),
            title=error.title,
            status=error.status,
            exit_code=error.exit_code,
            detail=error.detail,
            hint=error.hint,
            extensions=error.extensions,
        )
    if isinstance(error, ModuleNotFoundError) and error.name and not _is_ours(error.name):
        return describe(_missing(error.name))
    return Failure(
        slug="unexpected-error",
        title="Unexpected error",
        status=500,
        exit_code=70,  # sysexits.h: an internal software error
        detail=f"{type(error).__name__}: {error}",
        hint="This is a fault of Lodestay. Run the command again with LODESTAY_DEBUG=1 and report the traceback.",
    )


def show(failure: Failure, *, as_json: bool) -> None:
    """Write a failure to stderr: stdout is for results alone."""
    if as_json:
        problem = {
            "type": f"/problems/{failure.slug}",
            "title": failure.title,
            "status": failure.status,
            "detail": failure.detail,
            **({} if failure.hint is None else {"hint": failure.hint}),
            **failure.extensions,
        }
        sys.stderr.write(orjson.dumps(problem, default=str, option=orjson.OPT_INDENT_2).decode() + "\n")
        return
    console = Console(stderr=True, soft_wrap=True)
    console.print(f"[bold red]{escape(failure.title)}[/]: {escape(failure.detail)}", highlight=False)
    if failure.hint:
        console.print(f"[dim]→[/] {escape(failure.hint)}", highlight=False)


def _missing(module: str) -> SetupIncomplete:
    extra = extra_with(module)
    hint = f"It comes with the extra `{extra}`: uv pip install 'lodestay[{extra}]'" if extra else "Run `make install`."
    return SetupIncomplete(f"This command needs the package {module}, which is not installed.", hint=hint)


def _is_ours(module: str) -> bool:
    ours = {"lodestay", "transactional", "search", "ml", "simulation", "warehouse", "pipelines", "serving", "bench"}
    return module.partition(".")[0] in ours
