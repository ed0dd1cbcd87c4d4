"""What can be wrong with a message to us."""

from __future__ import annotations

from lodestay.errors import Forbidden, InvalidInput


class InvalidWebhookSignature(Forbidden):
    """A message that the payment processor did not sign, that was altered, or that is older than five minutes."""

    title = "Invalid webhook signature"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, hint="Sign `<t>.<body>` with the shared secret; see docs/guides/payments.md.")


class UnreadableWebhook(InvalidInput):
    """A message with the right signature that is not of the agreed form."""

    title = "Unreadable webhook"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, hint="Send id, kind, occurred_at, and the object with its id.")
