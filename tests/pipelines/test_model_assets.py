"""What an asset shows of a training run."""

from __future__ import annotations

from ml.gate import Decision
from ml.report import Skipped, TrainingReport
from pipelines.model_assets import metadata


def test_a_skipped_model_says_why() -> None:
    """Trained and skipped stand side by side: rows and figures of the one, the reason of the other."""
    decision = Decision(promote=True, reasons=("There was no champion before.",))
    trained = TrainingReport("pricing-unseen", 3, decision, {"coverage": 0.8}, 120, "# Card")
    found = metadata((trained, Skipped("pricing-known", "No night is left to judge on.")))
    assert found["dagster/row_count"] == 120
    assert found["pricing-unseen: coverage"] == 0.8
    assert found["pricing-known: why"] == "No night is left to judge on."
    assert "pricing-known: version" not in found
