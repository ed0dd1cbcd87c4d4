"""What assets are handed: the way to start a job as a process."""

from __future__ import annotations

import dagster as dg

from pipelines.pipes import ReportsAtTheEnd


@dg.definitions
def resources() -> dg.Definitions:
    """Resources of every asset; addresses of services come from `lodestay.settings`."""
    return dg.Definitions(resources={"pipes": dg.PipesSubprocessClient(message_reader=ReportsAtTheEnd())})
