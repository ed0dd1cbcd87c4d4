"""What a host says of themselves, and what is answered."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from serving.schemas import Body, example

MAX_LANGUAGES = 20

Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]


class LanguagesIn(Body):
    """The languages in which guests can talk to the host."""

    model_config = example(languages=["en", "pt"])

    languages: list[Language] = Field(
        max_length=MAX_LANGUAGES,
        description="ISO 639-1 codes (639-2 where there is none). They replace the ones before.",
    )


class LanguagesOut(BaseModel):
    """The languages that a host speaks, each once and in order."""

    model_config = example(languages=["en", "pt"])

    languages: list[str]
