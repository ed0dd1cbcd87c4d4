"""The processor's receipts for quotes, as a guest's app has them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from simulation.processor.signing import sign_receipt
from tests.serving.conftest import SECRET


def receipt_for(quoted: dict[str, Any]) -> str:
    """A receipt of an authorisation of a quote's whole charge."""
    made = datetime.fromisoformat(quoted["created_at"])
    facts: dict[str, Any] = {
        "processor_id": f"auth_{quoted['quote_id']}",
        "amount_minor": quoted["charge_total"]["minor"],
        "currency": quoted["charge_total"]["currency"],
        "reference": quoted["quote_id"],
        "expires_at": int((made + timedelta(hours=1)).timestamp()),
    }
    return sign_receipt(SECRET, facts)
