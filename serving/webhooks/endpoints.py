"""Messages of the payment processor over HTTP: signed, kept, then applied.

No caller's token and no idempotency key here: the signature says who speaks, the message's own id makes
it count once.
"""

from __future__ import annotations

from typing import Annotated

import structlog
from fastapi import APIRouter, Header, Request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from serving.dependencies import ServicesDep, WriteSession
from serving.openapi import problems
from serving.state import Services
from serving.webhooks.schemas import MESSAGE, MessageTaken
from transactional.kit.sqlstate import CONTENTION, sqlstate
from transactional.webhooks import service
from transactional.webhooks.repository import MessageStatus
from transactional.webhooks.rules import HEADER

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"], responses=problems(400, 403, 413, 415, 422, 503))

Signature = Annotated[
    str,
    Header(
        alias=HEADER,
        max_length=1000,
        description='`t=<seconds since 1970>,v1=<HMAC-SHA256 of "t.body", in hex>`, not older than five minutes.',
    ),
]


@router.post("/processor", summary="Take a message of the payment processor", openapi_extra={"requestBody": MESSAGE})
async def take_processor_message(
    request: Request, session: WriteSession, services: ServicesDep, signature: Signature = ""
) -> MessageTaken:
    """Keep a message and let it have its effect, once, whatever the order in which messages come."""
    body = await request.body()
    message = await service.receive(session, services.clock, body, signature, key=services.webhook_key)
    return MessageTaken(message_id=message.message_id, status=await _apply(session, services, message.message_id))


async def _apply(session: AsyncSession, services: Services, message_id: str) -> MessageStatus:
    """Apply a kept message; where somebody else is at the same payment it stays kept, for the worker."""
    try:
        async with session.begin_nested():
            return await service.apply(session, services.clock, message_id)
    except DBAPIError as error:
        if sqlstate(error) not in CONTENTION:
            raise
        log.warning("kept a message for later", message=message_id, reason=sqlstate(error))
        return MessageStatus.NEW
