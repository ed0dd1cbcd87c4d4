"""How words are cut and stemmed, each text by its language, and which words mean the same.

A text stands in the index twice: as its words are written, whatever their language (a guest may search for a street),
and, where OpenSearch knows its language, in a field of that language, by the stems of its words. A language is told by
whoever read the text; a script that one language has tells it too.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

LATIN: Final[Mapping[str, str]] = {
    "da": "danish",
    "de": "light_german",
    "en": "english",
    "es": "light_spanish",
    "fi": "finnish",
    "fr": "light_french",
    "it": "light_italian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "light_portuguese",
    "sv": "swedish",
    "tr": "turkish",
}
"""Stemmers of OpenSearch for languages in Latin letters, by the language's code (ISO 639-1)."""
_OWN_SCRIPT: Final[Mapping[str, str]] = {
    "ru": "russian",
    "el": "greek",
    "ar": "arabic",
    "hi": "hindi",
    "th": "thai",
    "cjk": "cjk",
}
"""Analyzers of OpenSearch for the others; `cjk` cuts Chinese, Japanese and Korean into pairs of letters."""
LANGUAGES: Final = (*LATIN, *_OWN_SCRIPT)
"""Fields of a text in its language."""
OTHERWISE: Final = "en"
"""Field of Latin texts whose language is not known or not among these; many hosts write in English too."""
MOST_WORDS: Final = 8
"""Words of a query that are matched: each costs a clause a field, and OpenSearch takes 1,024 (the vector is of all)."""

_SCRIPTS: Final = (
    ("cjk", re.compile(r"[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("el", re.compile(r"[\u0370-\u03ff\u1f00-\u1fff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
)
_LATIN: Final = re.compile(r"[a-z\u00df-\u024f]", re.IGNORECASE)
_WORD: Final = re.compile(r"[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]|\w+")
"""A word, or a letter of those that are written without blanks; two of them are worth a word."""
_NAMED_OTHERWISE: Final = {"nb": "no", "nn": "no"}

_STOPS: Final = [f"_{language.removeprefix('light_')}_" for language in LATIN.values()]
_ELISION: Final = "l m t qu n s j d c jusqu quoiqu lorsqu puisqu dell all nell sull dall un".split()  # noqa: SIM905
"""What an apostrophe joins to a word, in French and Italian."""
_FOLDED: Final = ("elision", "lowercase", "asciifolding")
_SYNONYMS: Final = Path(__file__).with_name("synonyms.txt")


def synonyms() -> list[str]:
    """Lines of `synonyms.txt`: words that mean the same, in any language, parted by commas."""
    lines = (line.partition("#")[0].strip() for line in _SYNONYMS.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def synonyms_version() -> str:
    """Eight digits that change with any synonym: an index says with which it was made."""
    return hashlib.sha256("\n".join(synonyms()).encode()).hexdigest()[:8]


def analysis() -> dict[str, Any]:
    """Analysis settings of an index.

    Synonyms are put in where a query is read, not where a text is: so a text is kept once, and rare words stay rare.
    A Latin language leaves out the little words of all: of an English query, "with" would else be a rare word in the
    few Swedish texts that hold it, and count for more than what was asked.

    Beside our labels Russian words lose the endings of their cases before synonyms are put in, and so do the synonyms
    themselves, which OpenSearch reads by the filters before theirs: "бассейном" asks for a pool. No label is Russian,
    so that nothing else depends on it; texts keep words as they are written, and their stems have fields of their own.
    """
    return {
        "filter": {
            "stops": {"type": "stop", "stopwords": _STOPS},
            "elision": {"type": "elision", "articles_case": True, "articles": _ELISION},
            **{f"stems_{language}": {"type": "stemmer", "language": stemmer} for language, stemmer in LATIN.items()},
            "stems_ru": {"type": "stemmer", "language": "russian"},
            "same": {"type": "synonym_graph", "synonyms": synonyms()},
            "english_possessive": {"type": "stemmer", "language": "possessive_english"},
            "english_stop": {"type": "stop", "stopwords": "_english_"},
        },
        "analyzer": {
            "folded": {"tokenizer": "standard", "filter": [*_FOLDED]},
            "asked": {"tokenizer": "standard", "filter": [*_FOLDED, "same"]},
            "asked_english": {
                "tokenizer": "standard",
                "filter": ["english_possessive", *_FOLDED, "stems_ru", "same", "english_stop", "stems_en"],
            },
            "tokens": {"tokenizer": "whitespace"},
            **{
                f"latin_{language}": {
                    "tokenizer": "standard",
                    "filter": [
                        "elision",
                        "english_possessive",
                        "lowercase",
                        "stops",
                        f"stems_{language}",
                        "asciifolding",
                    ],
                }
                for language in LATIN
            },
        },
    }


def written() -> dict[str, Any]:
    """Mapping of a text by its words as they are written; a query's synonyms find it too."""
    return {"type": "text", "analyzer": "folded", "search_analyzer": "asked"}


def labels() -> dict[str, Any]:
    """Mapping of our own English labels; a query's synonyms in any language find them."""
    return {"type": "text", "analyzer": "english", "search_analyzer": "asked_english"}


def by_language() -> dict[str, Any]:
    """Mapping of a text in the field of its language, by stems, without the places of its words."""
    analyzers = {**{language: f"latin_{language}" for language in LATIN}, **_OWN_SCRIPT}
    return {
        "properties": {
            language: {"type": "text", "analyzer": analyzer, "index_options": "freqs"}
            for language, analyzer in analyzers.items()
        }
    }


def by_their_language(texts: Iterable[tuple[str, str | None]]) -> dict[str, str]:
    """Put texts into the fields of :func:`by_language`: that of their language, and those of scripts that are in them.

    Parameters
    ----------
    texts
        Each with the code of its language (ISO 639-1), None where it is not known.
    """
    fields: dict[str, list[str]] = {}
    for text, language in texts:
        for field in _fields(text, language):
            fields.setdefault(field, []).append(text)
    return {field: "\n".join(fields[field]) for field in sorted(fields)}


def _fields(text: str, language: str | None) -> set[str]:
    known = None if language is None else _NAMED_OTHERWISE.get(language, language)
    fields = {script for script, letters in _SCRIPTS if letters.search(text)}
    if _LATIN.search(text):
        fields.add(known if known is not None and known in LATIN else OTHERWISE)
    return fields


def matched(text: str) -> str:
    """Cut a query after the words that are matched."""
    worth = 0.0
    for word in _WORD.finditer(text):
        worth += 0.5 if len(word[0]) == 1 and not word[0].isascii() else 1.0
        if worth > MOST_WORDS:
            return text[: word.start()]
    return text


def languages_asked(text: str) -> list[str]:
    """Fields of :func:`by_language` in which the words of a query can stand, by its scripts alone.

    It is too short to tell its language, and a word that a language does not have costs next to nothing to look for.
    """
    found = [script for script, letters in _SCRIPTS if letters.search(text)]
    return [*found, *LATIN] if _LATIN.search(text) else found
