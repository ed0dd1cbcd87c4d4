"""Quotes over HTTP."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, BackgroundTasks
from fastapi.responses import JSONResponse

from lodestay.stay import Stay
from search.events import QuoteEvent
from serving.dependencies import GuestActor, ServicesDep, SessionKey, WriteSession
from serving.events.stays import log_stay
from serving.idempotency import OnceDep
from serving.openapi import problems
from serving.quotes.schemas import QuoteIn, QuoteOut
from serving.search.log import visit_of
from transactional.quotes.service import create_quote as price_and_keep
from transactional.quotes.signatures import sign
from transactional.users.repository import get as get_user

router = APIRouter(prefix="/v1/quotes", tags=["quotes"])


@router.post(
    "",
    status_code=201,
    response_model=QuoteOut,
    summary="Price a stay",
    responses=problems(400, 401, 403, 404, 409, 413, 415, 422, 503),
)
async def create_quote(
    *,
    body: QuoteIn,
    actor: GuestActor,
    session: WriteSession,
    once: OnceDep,
    services: ServicesDep,
    after: BackgroundTasks,
    session_key: SessionKey = None,
) -> JSONResponse:
    """Price a stay, line by line, and keep the price for the guest until `expires_at`.

    The rate of an exchange is fixed with it. To book, send `quote_id` and `signature`.

    A stay that cannot be had answers 409 with the `rule` in its way and the `nights` it speaks of.
    """

    async def quote() -> tuple[int, QuoteOut]:
        await get_user(session, actor.user_id)
        made = await price_and_keep(
            session,
            services.clock,
            guest_id=actor.user_id,
            listing_id=body.listing_id,
            stay=Stay(body.check_in, body.check_out),
            guests=body.guests,
            pets=body.pets,
            charge_currency=body.currency,
            valid=timedelta(minutes=services.settings.quote_minutes),
        )
        visit = visit_of(actor, session_key, masking_key=services.masking_key)
        after.add_task(log_stay, services, QuoteEvent, made, stay=made.stay, search_id=body.search_id, visit=visit)
        return 201, QuoteOut.of(made, sign(made, services.quote_key))

    return await once(quote)
