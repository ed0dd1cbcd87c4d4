"""The process in which a run of the job `rebuild` takes place: ``python -m pipelines.rebuild RUN_ID TAG=VALUE …``.

A process of its own, because a run redirects the process's output to its log files.
"""

from __future__ import annotations

import os
import sys

import dagster as dg

from pipelines.definitions import defs

JOB = "rebuild"


def main(arguments: list[str]) -> int:
    """Run the job under a given run id and tags, against the instance in ``DAGSTER_HOME``."""
    run_id, *words = arguments
    tags = dict(word.split("=", 1) for word in words)
    with dg.DagsterInstance.from_config(os.environ["DAGSTER_HOME"]) as instance:
        job = defs().resolve_job_def(JOB)
        result = job.execute_in_process(run_id=run_id, instance=instance, tags=tags, raise_on_error=False)
    return 0 if result.success else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
