"""Asks an HTTP address whether it answers."""

from __future__ import annotations

import base64
import urllib.error
import urllib.request
from http.client import HTTPException
from urllib.parse import urlsplit, urlunsplit

_SECONDS = 5.0


def ask(url: str) -> tuple[bytes | None, str | None]:
    """Body of a GET and None, or None and why there is none, in a few words."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    request = urllib.request.Request(urlunsplit(parts._replace(netloc=host)))  # noqa: S310 - addresses are settings
    if parts.username:
        credentials = f"{parts.username}:{parts.password or ''}".encode()
        request.add_header("Authorization", f"Basic {base64.b64encode(credentials).decode()}")
    # A proxy set for the outside world must not stand between us and the loopback.
    proxies = urllib.request.ProxyHandler({} if parts.hostname in {"127.0.0.1", "localhost"} else None)
    try:
        with urllib.request.build_opener(proxies).open(request, timeout=_SECONDS) as answer:
            return answer.read(), None
    except urllib.error.HTTPError as error:
        with error:
            return None, f"HTTP {error.code}"
    except urllib.error.URLError as error:
        return None, str(error.reason)
    except (OSError, HTTPException) as error:
        return None, str(error) or type(error).__name__


def silence(url: str) -> str | None:
    """None when the address answers with success, else why not."""
    return ask(url)[1]
