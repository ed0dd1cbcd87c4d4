"""The process in which a run of the job `rebuild` takes place: ``python -m pipelines.rebuild TAG=VALUE …``.

A process of its own: Dagster's code and its fork server stay out of the caller, and all of it can be ended at once.
"""

from __future__ import annotations

import os
import sys
from functools import cache

import dagster as dg

from pipelines.definitions import defs


def rebuild() -> dg.JobDefinition:
    """The job, as each of a run's processes finds it: once loaded, forked with the process."""
    return _loaded()


@cache
def _loaded() -> dg.JobDefinition:
    return defs().resolve_job_def("rebuild")


def main(words: list[str]) -> int:
    """Run the job under some tags, against the instance in ``DAGSTER_HOME``."""
    tags = dict(word.split("=", 1) for word in words)
    with (
        dg.DagsterInstance.from_config(os.environ["DAGSTER_HOME"]) as instance,
        dg.execute_job(dg.reconstructable(rebuild), instance=instance, tags=tags) as result,
    ):
        return 0 if result.success else 1


if __name__ == "__main__":
    # Under its own name: the processes of the run import the job from there.
    from pipelines.rebuild import main as run

    sys.exit(run(sys.argv[1:]))
