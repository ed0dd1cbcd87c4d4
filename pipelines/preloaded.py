"""What the steps of a run need, loaded once in the process that they are forked from.

Nothing of ours imports this module: Dagster's fork server does, by the name in :mod:`pipelines.definitions`. A
step that loaded the definitions, Great Expectations and MLflow by itself would take ten seconds before its work.
Runs that the daemon starts find the definitions by the workspace and load those again, some three seconds a step.
"""

from __future__ import annotations

import ml.pricing.run
import ml.ranking.run  # noqa: F401 - for those that are forked from here
from pipelines.checks.contracts import CHECKED
from pipelines.checks.validate import batches, suite_of
from pipelines.rebuild import rebuild

rebuild()
suite_of(CHECKED[0])
batches()
