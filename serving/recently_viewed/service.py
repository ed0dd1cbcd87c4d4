"""Remember what somebody looks at, beside what they asked for."""

from __future__ import annotations

from uuid import UUID

import structlog
from sqlalchemy.exc import SQLAlchemyError

from serving.state import Services
from transactional.listing_views.repository import note_view

log = structlog.get_logger(__name__)


async def remember(services: Services, user_id: UUID, listing_id: int) -> None:
    """Note a view in a transaction of its own; a listing is shown whether or not that works."""
    try:
        async with services.sessions.begin() as session:
            await note_view(session, user_id, listing_id, now=services.clock.now())
    except (SQLAlchemyError, OSError) as error:
        log.warning("a view was not remembered", reason=type(error).__name__)
