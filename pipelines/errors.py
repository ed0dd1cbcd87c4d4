"""What can go wrong with a run of the pipeline."""

from __future__ import annotations

from lodestay.errors import LodestayError, NotFound, SetupIncomplete


class PipelineFailed(LodestayError):
    """A step of the pipeline failed; what earlier steps made stays, and what was in service is in service."""

    title = "Pipeline failed"


class RowsRefused(PipelineFailed):
    """New rows break their contract: they were set aside, and readers find the old ones."""

    title = "Rows refused"


class NoMarkets(SetupIncomplete):
    """There is no market to run the pipeline for."""

    title = "No markets"


class UnknownMarket(NotFound):
    """A market was named that the marketplace does not have."""

    title = "Unknown market"
