"""The bare address and the icon that browsers ask every address for; neither is part of the API's description."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

REFERENCE: Final = "/docs"

router = APIRouter(include_in_schema=False)


@router.get("/")
def go_to_reference() -> RedirectResponse:
    """Lead whoever types the address to what can be asked here."""
    return RedirectResponse(REFERENCE, 307)


@router.get("/favicon.ico")
def no_icon() -> Response:
    """Say that there is none, so that logs have no 404 for each browser."""
    return Response(status_code=204)
