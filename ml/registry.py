"""The model registry: the only file that knows MLflow.

A model here is one or more LightGBM boosters that see the same columns (a ranker; a price's median with
its low and high), plus the facts needed to use them. It is logged in MLflow's LightGBM flavour, so any
MLflow tool can load its main booster; the others lie beside it as LightGBM's own text, never as pickles.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lightgbm as lgb
import mlflow
import numpy as np
import pandas as pd
from mlflow import MlflowClient
from mlflow.data.dataset_source_registry import resolve_dataset_source
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities import LoggedModelInput
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from numpy.typing import NDArray
from sqlalchemy.exc import SQLAlchemyError

from lodestay.errors import ServiceUnavailable
from ml.gate import Decision

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAIN = "main"
"""Name of the booster that MLflow itself serves."""
CHAMPION, CHALLENGER = "champion", "challenger"
_BUNDLE, _MODEL_ID = "lodestay.json", "model_id"
_NAMING = ("day", "kind")
"""Tags that name a run in MLflow's lists, where one would else be called "wistful-crab-421"."""
_EXPERIMENT = {"mlflow.experimentKind": "custom_model_development"}
"""Shows MLflow's pages for trained models and not those for language models."""

# MLflow's own patience with a server that is down is minutes; nobody who waits here has that.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
_REQUIREMENTS = (f"lightgbm=={lgb.__version__}", "numpy", "pandas")


class RegistryUnavailable(ServiceUnavailable):
    """MLflow does not answer, or answers with an error."""

    title = "Model registry unavailable"


@dataclass(frozen=True)
class Lineage:
    """Data that a model was made of or judged by.

    Attributes
    ----------
    name, source
        What it is called, and the folder or address it lies at.
    context
        ``training`` or ``evaluation``.
    digest
        Something short that changes when the data does.
    """

    name: str
    source: str
    context: str
    digest: str


@dataclass(frozen=True)
class Candidate:
    """A trained model, ready to be logged.

    Attributes
    ----------
    name
        Registered name.
    boosters
        By name; :data:`MAIN` must be among them.
    features
        Columns of the boosters' matrix, in order.
    example
        (few, len(features)) rows of that matrix.
    facts
        JSON values without which the boosters cannot be used.
    card
        Model card in Markdown.
    tags
        Short facts to search versions by.
    """

    name: str
    boosters: Mapping[str, lgb.Booster]
    features: tuple[str, ...]
    example: NDArray[np.float64]
    parameters: Mapping[str, Any]
    metrics: Mapping[str, float]
    lineage: tuple[Lineage, ...]
    figures: Mapping[str, Figure]
    card: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Version:
    """A version of a registered model."""

    name: str
    version: int
    aliases: tuple[str, ...]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    card: str
    run_id: str
    model_id: str


@dataclass(frozen=True)
class Model:
    """A version and its boosters, loaded."""

    version: Version
    boosters: Mapping[str, lgb.Booster]
    features: tuple[str, ...]
    facts: Mapping[str, Any]


class Registry:
    """Models of one MLflow server or store.

    Parameters
    ----------
    tracking_uri
        ``http://…`` of a server, ``sqlite:///…`` or a folder.
    artifacts
        Where a new experiment keeps its files; None leaves it to the server. A store without a
        server needs one, because MLflow's own default lies in the working directory.
    """

    def __init__(self, tracking_uri: str, *, artifacts: str | None = None) -> None:
        self.tracking_uri = tracking_uri
        self._artifacts = artifacts
        with self._speaking():
            self._client = MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)

    def log(self, candidate: Candidate) -> Version:
        """Log a run with everything in `candidate`, and register the model as a new version without alias."""
        with self._speaking(), tempfile.TemporaryDirectory() as folder:
            experiment = self._experiment(candidate.name)
            name = " ".join((candidate.name, *(candidate.tags[tag] for tag in _NAMING if tag in candidate.tags)))
            with mlflow.start_run(experiment_id=experiment, run_name=name, log_system_metrics=False) as run:
                mlflow.log_params(dict(candidate.parameters))
                mlflow.log_text(candidate.card, "model_card.md")
                for name, figure in candidate.figures.items():
                    mlflow.log_figure(figure, f"figures/{name}.png")
                info = mlflow.lightgbm.log_model(
                    candidate.boosters[MAIN],
                    name=candidate.name,
                    signature=_signature(candidate),
                    input_example=_frame(candidate),
                    extra_files=_write_bundle(candidate, Path(folder)),
                    pip_requirements=list(_REQUIREMENTS),
                    tags=dict(candidate.tags),
                )
                mlflow.log_metrics(dict(candidate.metrics), model_id=info.model_id)
                for lineage in candidate.lineage:
                    mlflow.log_input(_dataset(lineage), context=lineage.context, model=LoggedModelInput(info.model_id))
            if not self._client.search_registered_models(f"name = '{candidate.name}'"):
                self._client.create_registered_model(candidate.name)
            registered = self._client.create_model_version(
                candidate.name,
                info.model_uri,
                run.info.run_id,
                tags={**candidate.tags, _MODEL_ID: info.model_id},
                description=candidate.card,
                model_id=info.model_id,
            )
            return self._version(registered)

    def promote(self, version: Version, *, reasons: tuple[str, ...]) -> None:
        """Make `version` the champion; the alias moves in one step and the version says why."""
        self._decide(version, CHAMPION, reasons)

    def refuse(self, version: Version, *, reasons: tuple[str, ...]) -> None:
        """Leave the champion as it is; `version` becomes the challenger that says why it did not win."""
        self._decide(version, CHALLENGER, reasons)

    def follow(self, decision: Decision, version: Version) -> None:
        """Promote or refuse `version`, as a gate has decided."""
        act = self.promote if decision.promote else self.refuse
        act(version, reasons=decision.reasons)

    def champion(self, name: str) -> Model | None:
        """Load the champion of `name`, or None where there is none."""
        version = self.champion_version(name)
        if version is None:
            return None
        with self._speaking(), tempfile.TemporaryDirectory() as temporary:
            # By number: the alias may move on while this one is fetched.
            uri = f"models:/{name}/{version.version}"
            folder = Path(mlflow.artifacts.download_artifacts(uri, dst_path=temporary))
            return _read_model(version, folder)

    def champion_version(self, name: str) -> Version | None:
        """What the registry knows of the champion of `name`, without loading it."""
        return self._named(name, CHAMPION)

    def challenger_version(self, name: str) -> Version | None:
        """The newest version of `name` that was refused, with the reasons among its tags."""
        return self._named(name, CHALLENGER)

    def _named(self, name: str, alias: str) -> Version | None:
        with self._speaking():
            try:
                found = self._client.get_model_version_by_alias(name, alias)
            except MlflowException as error:
                if error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
                    return None
                raise
            return self._version(found)

    def names(self) -> tuple[str, ...]:
        """Names of all registered models, in order."""
        with self._speaking():
            return tuple(sorted(model.name for model in self._client.search_registered_models()))

    def _decide(self, version: Version, alias: str, reasons: tuple[str, ...]) -> None:
        with self._speaking():
            number = str(version.version)
            self._client.set_model_version_tag(version.name, number, "decision", alias)
            self._client.set_model_version_tag(version.name, number, "reasons", " ".join(reasons)[:4900])
            self._client.set_registered_model_alias(version.name, alias, number)

    def _version(self, found: Any) -> Version:
        tags = dict(found.tags)
        # A store does not hand the id of the logged model back with the version, so a tag keeps it.
        model_id = tags.pop(_MODEL_ID)
        model = self._client.get_logged_model(model_id)
        return Version(
            name=found.name,
            version=int(found.version),
            aliases=tuple(found.aliases),
            metrics={metric.key: metric.value for metric in model.metrics or ()},
            tags=tags,
            card=found.description or "",
            run_id=str(found.run_id),
            model_id=model_id,
        )

    def _experiment(self, name: str) -> str:
        found = self._client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        location = f"{self._artifacts}/{name}" if self._artifacts else None
        return str(self._client.create_experiment(name, artifact_location=location, tags=_EXPERIMENT))

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        """Point MLflow's process-wide settings at this registry, keep it quiet, translate its errors."""
        mlflow.set_tracking_uri(self.tracking_uri)
        mlflow.set_registry_uri(self.tracking_uri)
        logger = logging.getLogger("mlflow")
        level = logger.level
        logger.setLevel(logging.ERROR)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of MLflow about itself; nothing of ours runs in here
                yield
        except (MlflowException, SQLAlchemyError) as error:
            raise RegistryUnavailable(
                f"MLflow at {self.tracking_uri} failed: {str(error).splitlines()[0]}",
                hint="Look at `lodestay status`, or set LODESTAY_MLFLOW_TRACKING_URI to a server that runs.",
            ) from error
        finally:
            logger.setLevel(level)


def _frame(candidate: Candidate) -> pd.DataFrame:
    return pd.DataFrame(candidate.example, columns=list(candidate.features))


def _signature(candidate: Candidate) -> Any:
    predicted = np.asarray(candidate.boosters[MAIN].predict(candidate.example), dtype=np.float64)
    return infer_signature(_frame(candidate), predicted)


def _dataset(lineage: Lineage) -> Any:
    source = resolve_dataset_source(lineage.source)
    return MetaDataset(source=source, name=lineage.name, digest=lineage.digest)  # type: ignore[abstract]


def _read_model(version: Version, folder: Path) -> Model:
    bundle = json.loads(_file_in(folder, _BUNDLE).read_text(encoding="utf-8"))
    boosters = {MAIN: mlflow.lightgbm.load_model(str(folder))} | {
        other: lgb.Booster(model_file=str(_file_in(folder, f"{other}.booster.txt"))) for other in bundle["others"]
    }
    return Model(version, boosters, tuple(bundle["features"]), bundle["facts"])


def _file_in(folder: Path, name: str) -> Path:
    """Find a file of a model.

    Raises
    ------
    RegistryUnavailable
        It is not among what was downloaded: the store of the artifacts is empty, or was half read.
    """
    found = next(folder.rglob(name), None)
    if found is None:
        raise RegistryUnavailable(
            f"The model's artifacts lack {name}.", hint="See that MLflow's artifact store is whole; then it is loaded."
        )
    return found


def _write_bundle(candidate: Candidate, folder: Path) -> list[str]:
    """Write what stands beside the main booster; returns the paths."""
    others = sorted(set(candidate.boosters) - {MAIN})
    bundle = {"features": candidate.features, "facts": dict(candidate.facts), "others": others}
    (folder / _BUNDLE).write_text(json.dumps(bundle, indent=1), encoding="utf-8")
    for other in others:
        candidate.boosters[other].save_model(str(folder / f"{other}.booster.txt"))
    return [str(path) for path in sorted(folder.iterdir())]
