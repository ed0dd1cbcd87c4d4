"""Documents → columns in files, which processes that answer searches map: a new build beside those in service.

It holds the newest documents of every market, as the index does. Nothing here needs Spark: the documents are read by
processes of their own (:mod:`pipelines.column_build`).
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from lodestay.lake import SEARCH_COLUMNS, SEARCH_DOCUMENTS, LakeFile, local_folder, newest_files
from pipelines.column_build import write_columns
from pipelines.spark_jobs.job import Scope, asset_key, running, start
from pipelines.writing import INCOMING
from search.columns.files import build_folder, builds, open_build, seal
from search.columns.sources import exports_of, version_of
from search.errors import IndexNotReady

KEPT = 2
"""Builds that stay: the one in service, and the one before it."""


@dataclass(frozen=True)
class Built:
    """A build that was put in its place."""

    folder: Path
    listings: int
    bytes: int


def build_columns(scope: Scope, *, now: datetime) -> Built:
    """Write columns of the newest documents of every market, read them again and put them in their place.

    Raises
    ------
    IndexNotReady
        There are no documents, or other ones came meanwhile.
    """
    files = _documents(scope)
    if not files:
        raise IndexNotReady("The lake holds no documents.", hint="Run the pipeline up to documents/listings first.")
    work = local_folder(scope.lake, asker="The step that writes columns") / INCOMING / uuid4().hex
    fresh, drafts = work / "build", work / "drafts"
    try:
        for folder in (fresh, drafts):
            folder.mkdir(parents=True)
        exports = exports_of(scope.lake, files)
        whole = write_columns(files, fresh, drafts)
        if version_of(_documents(scope)) != version_of(files):
            raise IndexNotReady("The documents were replaced while they were read.", hint="Run the step again.")
        seal(fresh, whole, source=version_of(files), exports=exports)
        open_build(fresh)
        target = build_folder(scope.lake, made_at=now)
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh.rename(target)
    finally:
        shutil.rmtree(work)
    purge(scope.lake)
    size = sum(file.stat().st_size for file in target.iterdir())
    return Built(target, len(whole.columns.keys), size)


def purge(lake: str) -> None:
    """Remove the builds before the newest two, and what was never finished; who has mapped one goes on with it."""
    kept = builds(lake)[:KEPT]
    for folder in Path(SEARCH_COLUMNS.path(lake)).iterdir():
        if folder not in kept:
            shutil.rmtree(folder)


def _documents(scope: Scope) -> list[LakeFile]:
    return newest_files(SEARCH_DOCUMENTS, scope.lake, until=scope.day)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the job."""
    with running("columns", arguments) as job:
        built = build_columns(job.scope, now=datetime.now(UTC))
        key = asset_key(SEARCH_COLUMNS)
        job.materialized(key, {"dagster/row_count": built.listings, "bytes": built.bytes, "build": built.folder.name})
        job.checked(key, {"listings": built.listings})
        print(f"{key}: {built.listings:,} listings, {built.bytes / 1e6:,.0f} MB in {built.folder.name}")


if __name__ == "__main__":
    start("pipelines.spark_jobs.columns")
