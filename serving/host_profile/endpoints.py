"""A host's profile over HTTP. PUT says what shall be, so it needs no idempotency key."""

from __future__ import annotations

from fastapi import APIRouter

from serving.dependencies import HostActor, WriteSession
from serving.host_profile.schemas import LanguagesIn, LanguagesOut
from serving.openapi import problems
from transactional.users.service import set_languages

router = APIRouter(
    prefix="/v1/host-profile", tags=["hosts"], responses=problems(400, 401, 403, 404, 413, 415, 422, 503)
)


@router.put("/languages", summary="Say which languages a host speaks")
async def say_languages(body: LanguagesIn, actor: HostActor, session: WriteSession) -> LanguagesOut:
    """Replace the caller's languages: listings show them at once, searches find by them after the next index build."""
    return LanguagesOut(languages=await set_languages(session, actor.user_id, body.languages))
