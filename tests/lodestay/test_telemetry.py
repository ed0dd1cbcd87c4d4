"""What a log line may say."""

from __future__ import annotations

from lodestay.telemetry import REDACTED, redact


def test_private_values_are_blanked_wherever_they_stand() -> None:
    """On the line itself, inside objects and inside lists of objects; the rest stays."""
    line = {"event": "held", "guest_id": "g", "hold": {"token": "t", "nights": [1, 2]}, "hosts": [{"email": "e"}]}
    assert redact(None, "info", line) == {
        "event": "held",
        "guest_id": REDACTED,
        "hold": {"token": REDACTED, "nights": [1, 2]},
        "hosts": [{"email": REDACTED}],
    }
