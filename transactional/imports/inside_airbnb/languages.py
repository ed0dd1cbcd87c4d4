"""The language of a text, by its beginning."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from lingua import Language, LanguageDetector, LanguageDetectorBuilder

# Languages of guests and hosts in the cities read so far; fewer candidates are faster and err less.
_CANDIDATES: Final = (
    "CHINESE", "CZECH", "DANISH", "DUTCH", "ENGLISH", "FINNISH", "FRENCH", "GERMAN", "INDONESIAN", "ITALIAN",
    "JAPANESE", "KOREAN", "POLISH", "PORTUGUESE", "RUSSIAN", "SPANISH", "SWEDISH", "THAI", "TURKISH", "VIETNAMESE",
)  # fmt: skip
_LOOK_AT: Final = 100
"""Letters looked at: more cost time and change one answer in a thousand."""
_ENOUGH: Final = 12
"""Letters below which a Latin text is not guessed at ("Super!" is many languages)."""


@lru_cache(maxsize=1)
def _detector() -> LanguageDetector:
    candidates = [getattr(Language, name) for name in _CANDIDATES]
    return LanguageDetectorBuilder.from_languages(*candidates).with_low_accuracy_mode().build()


def languages(texts: Sequence[str]) -> list[str | None]:
    """ISO 639-1 code of each text's language, None where it cannot be told."""
    heads = [text[:_LOOK_AT] for text in texts]
    guessable = [bool(head) and (len(head) >= _ENOUGH or not head.isascii()) for head in heads]
    found = iter(
        _detector().detect_languages_in_parallel_of([head for head, ok in zip(heads, guessable, strict=True) if ok])
    )
    return [_code(next(found)) if ok else None for ok in guessable]


def _code(language: Language | None) -> str | None:
    return None if language is None else str(language.iso_code_639_1.name).lower()
