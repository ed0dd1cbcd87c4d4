"""A host's profile over HTTP. PUT says what shall be, so it needs no idempotency key."""

from __future__ import annotations

from fastapi import APIRouter

from serving.dependencies import HostActor, WriteSession
from serving.host_profile.schemas import HostProfileOut, LanguagesIn
from serving.openapi import problems
from transactional.users.service import set_languages

router = APIRouter(prefix="/v1/host-profile", tags=["hosts"], responses=problems(400, 401, 403, 404, 413, 422, 503))


@router.put("/languages", summary="Say which languages a host speaks")
async def put_languages(body: LanguagesIn, actor: HostActor, session: WriteSession) -> HostProfileOut:
    """Replace the caller's languages: listings show them at once, searches find by them after the next index build."""
    return HostProfileOut.of(await set_languages(session, actor.user_id, body.languages))
