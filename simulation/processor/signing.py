"""How the processor signs: messages, and receipts of authorisations.

Both are HMAC-SHA256 under the secret that it shares with the platform; each signs another kind of text,
so that neither can stand for the other.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import orjson

HEADER = "Lodestay-Processor-Signature"


def sign_message(secret: str, body: bytes, *, at: int) -> str:
    """Value of the signature's header: ``t=<seconds since 1970>,v1=<HMAC of "t.body">``."""
    return f"t={at},v1={_hmac(secret, f'{at}.'.encode() + body)}"


def sign_receipt(secret: str, facts: dict[str, Any]) -> str:
    """A receipt: the facts as base64url of JSON, a dot, and their HMAC."""
    payload = base64.urlsafe_b64encode(orjson.dumps(facts)).rstrip(b"=")
    return f"{payload.decode()}.{_hmac(secret, b'receipt.' + payload)}"


def _hmac(secret: str, text: bytes) -> str:
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
