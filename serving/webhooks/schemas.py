"""What a message is answered with."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from serving.schemas import example
from transactional.webhooks.repository import MessageStatus


class MessageTaken(BaseModel):
    """The message is kept; sending it again changes nothing."""

    model_config = example(message_id="msg_0199c0ffee", status="applied")

    message_id: str
    status: MessageStatus = Field(
        description="`applied`; `parked`: kept until what it speaks of is known; `new`: kept, and applied in a moment; "
        "`ignored`: kept, and of no known form."
    )


MESSAGE: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "description": "A message of the payment processor.",
                "required": ["id", "kind", "occurred_at", "object"],
                "properties": {
                    "id": {"type": "string"},
                    "kind": {"type": "string"},
                    "sequence": {"type": "integer"},
                    "occurred_at": {"type": "number", "description": "Seconds since 1970."},
                    "object": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
                },
            },
            "example": {
                "id": "msg_0199c0ffee",
                "kind": "capture.succeeded",
                "sequence": 17,
                "occurred_at": 1798761600.0,
                "object": {
                    "object": "authorisation",
                    "id": "auth_0199c0ffee",
                    "key": "01930f6e-3c52-7d3b-8f1e-0c8c2f0a9d11:authorise",
                    "status": "captured",
                    "code": None,
                    "amount_minor": 42000,
                    "currency": "EUR",
                    "reference": "LS-7Q2M-9XKD",
                    "captured_minor": 42000,
                    "refunded_minor": 0,
                },
            },
        }
    },
}
"""The body, for the description alone: what is signed is its bytes, so they are read as they are."""
