"""A page for each kind of problem, made from the error's own words."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from inspect import cleandoc
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import HTMLResponse

from lodestay.errors import LodestayError, NotFound
from serving.openapi import problems
from serving.problems import FAULTS

_SECTION = re.compile(r"^\w+\n-{3,}$", re.MULTILINE)
_ROLE = re.compile(r":\w+:`~?([^`]*)`")

router = APIRouter(prefix="/problems", tags=["problems"])


class NoSuchProblem(NotFound):
    """A problem page that does not exist."""

    title = "No such problem"


@router.get("", response_class=HTMLResponse, summary="Every kind of problem")
def list_problems() -> HTMLResponse:
    """List the problems that this service can answer with."""
    entries = "".join(
        f'<li><a href="/problems/{slug}">{html.escape(title)}</a> ({status})</li>'
        for slug, (status, title, _) in sorted(_catalogue().items())
    )
    return HTMLResponse(_page("Problems", f"<ul>{entries}</ul>"))


@router.get("/{slug}", response_class=HTMLResponse, summary="What a problem means", responses=problems(404, 422))
def explain_problem(
    slug: Annotated[str, Path(pattern="^[a-z0-9-]{1,80}$", examples=["stay-unavailable"])],
) -> HTMLResponse:
    """Explain one problem: the page that its `type` names."""
    known = _catalogue().get(slug)
    if known is None:
        raise NoSuchProblem("There is no such problem.", hint="See /problems for all of them.")
    status, title, text = known
    paragraphs = "".join(f"<p>{html.escape(part.strip())}</p>" for part in text.split("\n\n"))
    return HTMLResponse(_page(title, f"<p>HTTP status {status}.</p>{paragraphs}"))


def _catalogue() -> dict[str, tuple[int, str, str]]:
    """Status, title and explanation by slug."""
    faults = {
        fault.slug: (fault.status, fault.title, f"{fault.detail} {fault.hint or ''}")
        for fault in FAULTS
        if fault.slug is not None
    }
    errors = {error.slug(): (error.status, error.title, _prose(error)) for error in _family(LodestayError)}
    return faults | errors


def _prose(error: type[LodestayError]) -> str:
    """What an error's docstring tells a caller: no sections for programmers, no markup."""
    text = cleandoc(error.__doc__ or "")
    return _ROLE.sub(r"\1", _SECTION.split(text)[0]).replace("`", "").strip()


def _family(parent: type[LodestayError]) -> Iterator[type[LodestayError]]:
    for child in parent.__subclasses__():
        yield child
        yield from _family(child)


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)} - Lodestay</title>'
        f"<style>body{{font:16px/1.5 system-ui;max-width:40rem;margin:3rem auto;padding:0 1rem}}</style></head>"
        f"<body><h1>{html.escape(title)}</h1>{body}</body></html>"
    )
