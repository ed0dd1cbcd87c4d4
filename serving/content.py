"""Whether a body is said to be what is read here: JSON, as it is."""

from __future__ import annotations

from email.message import Message
from typing import Final

from fastapi import Request
from starlette.datastructures import Headers

from lodestay.errors import UnsupportedContent

JSON: Final = "application/json"
_SHOWN: Final = 60
"""Characters of a header that are told back."""


def refuse_packed(headers: Headers) -> None:
    """Refuse a body that is compressed: its announced size would say nothing of what it unpacks to.

    Raises
    ------
    UnsupportedContent
        With the encoding.
    """
    encoding = headers.get("content-encoding", "").strip() or "identity"
    if encoding.lower() != "identity":
        raise UnsupportedContent(
            f"`Content-Encoding: {encoding[:_SHOWN]}` is not read.", hint="Send the body as it is, without the header."
        )


async def said_to_be_json(request: Request) -> None:
    """Refuse a body that an endpoint reads as JSON and that is not said to be.

    The framework would take it for a text, and complain of that.

    Raises
    ------
    UnsupportedContent
        With the type that was sent.
    """
    if getattr(request.scope.get("route"), "body_field", None) is None:
        return
    sent = request.headers.get("content-type", "").strip()
    if _is_json(sent) or not await request.body():
        return
    named = f"`Content-Type: {sent[:_SHOWN]}` is not read here." if sent else "The body comes without a `Content-Type`."
    raise UnsupportedContent(named, hint=f"Send JSON with `Content-Type: {JSON}`.")


def _is_json(content_type: str) -> bool:
    """The same types as the framework reads."""
    message = Message()
    message["content-type"] = content_type
    subtype = message.get_content_subtype()
    return message.get_content_maintype() == "application" and (subtype == "json" or subtype.endswith("+json"))
