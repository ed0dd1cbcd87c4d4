"""What a training run left, as an asset shows it."""

from __future__ import annotations

from typing import Any

import dagster as dg

from lodestay.settings import get_settings
from ml.registry import Registry
from ml.report import Skipped, TrainingReport

OWNERS = ["team:machine-learning"]


def registry() -> Registry:
    """The registry that the settings name."""
    return Registry(get_settings().require_mlflow_tracking_uri())


def metadata(reports: tuple[TrainingReport | Skipped, ...]) -> dict[str, Any]:
    """Version, decision, figures and card of each model that was trained, and why the others were not."""
    trained = [report for report in reports if isinstance(report, TrainingReport)]
    found: dict[str, Any] = {"dagster/row_count": sum(report.rows for report in trained)}
    found |= {f"{report.model}: why": report.reason for report in reports if isinstance(report, Skipped)}
    for report in trained:
        found |= {
            f"{report.model}: version": report.version,
            f"{report.model}: champion": report.decision.promote,
            f"{report.model}: why": " ".join(report.decision.reasons),
            f"{report.model}: card": dg.MetadataValue.md(report.card),
            **{f"{report.model}: {name}": value for name, value in report.metrics.items()},
        }
    return found
