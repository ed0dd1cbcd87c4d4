"""What MLflow holds of a run, read with MLflow alone."""

from __future__ import annotations

from dataclasses import dataclass

import mlflow

from ml.registry import Version


@dataclass(frozen=True)
class LoggedRun:
    """A run and its model.

    Attributes
    ----------
    figures
        Files of its folder of figures.
    inputs
        Columns of the signature.
    digests
        Of its datasets, by name and context.
    """

    figures: set[str]
    inputs: tuple[str, ...]
    has_example: bool
    parameters: dict[str, str]
    digests: dict[tuple[str, str], str]


def look_at_run(tracking_uri: str, version: Version) -> LoggedRun:
    """Read the run behind a version."""
    client = mlflow.MlflowClient(tracking_uri)
    run = client.get_run(version.run_id)
    info = mlflow.models.get_model_info(f"models:/{version.name}/{version.version}")
    return LoggedRun(
        figures={item.path.removeprefix("figures/") for item in client.list_artifacts(version.run_id, "figures")},
        inputs=tuple(column.name for column in info.signature.inputs.inputs),
        has_example=info.saved_input_example_info is not None,
        parameters=run.data.params,
        digests={
            (item.dataset.name, next(tag.value for tag in item.tags if tag.key == "mlflow.data.context")): (
                item.dataset.digest
            )
            for item in run.inputs.dataset_inputs
        },
    )
