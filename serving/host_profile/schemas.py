"""What a host says of themselves, and what is answered."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, Field, StringConstraints

from serving.schemas import Body, example
from transactional.users.models import HostProfile

MAX_LANGUAGES = 20

Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]


class LanguagesIn(Body):
    """The languages in which guests can talk to the host."""

    model_config = example(languages=["en", "pt"])

    languages: list[Language] = Field(
        max_length=MAX_LANGUAGES,
        description="ISO 639-1 codes (639-2 where there is none). They replace the ones before.",
    )


class HostProfileOut(BaseModel):
    """A host's profile."""

    model_config = example(languages=["en", "pt"], is_superhost=False, identity_verified=True)

    languages: list[str]
    is_superhost: bool
    identity_verified: bool

    @classmethod
    def of(cls, profile: HostProfile) -> Self:
        """Write a profile down."""
        return cls(
            languages=profile.languages,
            is_superhost=profile.is_superhost,
            identity_verified=profile.identity_verified,
        )
