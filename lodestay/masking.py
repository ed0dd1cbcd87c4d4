"""Contacts masked in free text: e-mail and web addresses, names in networks, bank accounts, phone numbers.

Whatever people write may hold them; nothing that they wrote goes on with them inside.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

EMAIL: Final = "[e-mail]"
HANDLE: Final = "[handle]"
ADDRESS: Final = "[link]"
ACCOUNT: Final = "[account]"
PHONE: Final = "[phone]"

_EMAIL: Final = re.compile(
    r"[\w.+-]+\s?(?:@|\(at\)|\[at\])\s?[\w-]+\s?(?:\.|\(dot\)|\[dot\])\s?[\w.-]*\w", re.IGNORECASE
)
# Hosts often write "Loft@Orchard" and "dinner@8pm": without a dot behind it, what is before the @ has to look like a
# person's address, or what is behind it like nothing else.
_SHORT_EMAIL: Final = re.compile(
    r"(?<![\w.+-])(?:(?=[^\W\d_][\w-]*[._+])[\w.+-]+@[^\W\d_][\w-]*"
    r"|[\w.+-]+@(?:localhost|localdomain|example|g(?:oogle)?mail|hotmail|yahoo|outlook|icloud|proton(?:mail)?|gmx)\b)",
    re.IGNORECASE,
)
# "@Bugis" and "@8pm" say where and when, so a name has to follow a network's, or to be spelled as only names are.
_NAMED_HANDLE: Final = re.compile(
    r"\b(insta(?:gram)?|ig|telegram|tiktok|twitter|facebook|fb|snapchat)(\W{0,3})@[\w.]*\w", re.IGNORECASE
)
_HANDLE: Final = re.compile(
    r"(?<![\w@])@(?:(?=[\w.]*[^\W\d_])[\w.]*_(?:[\w.]*\w)?|[a-z]+\.[a-z]\w*|[a-z]+\d{2,})(?!\w)"
)
_URL: Final = re.compile(
    r"(?:https?://|www\.)\S+|\b[\w-]+(?:\.[\w-]+)*\.(?:com|net|org|be|nl|se|sg|au|io|eu|fr|de|co|me|info)\b(?:/\S*)?",
    re.IGNORECASE,
)
# Characters of an account's number, by country: the registry of ISO 13616.
_IBAN_COUNTRIES: Final = {
    15: "NO",
    16: "BE",
    18: "DK|FI|FK|FO|GL|NL|SD",
    19: "MK|SI",
    20: "AT|BA|EE|KZ|LT|LU|MN|XK",
    21: "CH|HR|LI|LV",
    22: "BG|BH|CR|DE|GB|GE|IE|ME|RS|VA",
    23: "AE|GI|IL|IQ|OM|SO|TL",
    24: "AD|CZ|ES|MD|PK|RO|SA|SE|SK|TN|VG",
    25: "LY|PT|ST",
    26: "IS|TR",
    27: "BI|DJ|FR|GR|IT|MC|MR|SM",
    28: "AL|AZ|BY|CY|DO|GT|HN|HU|LB|NI|PL|SV",
    29: "BR|EG|PS|QA|UA",
    30: "JO|KW|MU|YE",
    31: "MT|SC",
    32: "LC",
    33: "RU",
}
_IBAN: Final = re.compile(
    r"(?<!\w)(?=[A-Z]{2}\s?\d)(?:"
    + "|".join(rf"(?:{countries})(?:[\s.-]?[A-Z0-9]){{{length - 2}}}" for length, countries in _IBAN_COUNTRIES.items())
    + r")(?!\w)",
    re.IGNORECASE | re.ASCII,
)
# Eight digits or more that hang together, with what people put between them; dates and years stay.
_PHONE: Final = re.compile(r"(?<![\w.])(?:\+|00)?\(?\d[\d\s().\-/]{6,}\d(?!\w)")
# Numbers that are no phone's: dates, years, spans of years, hours, hours of opening.
_INNOCENT: Final = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|(?:19|20)\d\d(?:[-/](?:19|20)\d\d)?"
    r"|\d{1,2}\.\d{2}(?:-\d{1,2}\.\d{2})?"
)
_BETWEEN: Final = re.compile(r"\s+(?:[-/]\s+)?")
# Nothing is an address without one of these: a quick look that spares most texts the slow patterns.
_LIKE_ADDRESS: Final = re.compile(r"\w\s?\.\w|@|\Wat\W|://", re.IGNORECASE)
_PHONE_DIGITS: Final = 8

# What nobody sees between letters, and the frame that makes a digit an emoji.
_UNSEEN: Final = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20e3\ufe00-\ufe0f\ufeff\U000e0000-\U000e007f]"
)
# All but fractions, and figures that are set high or low: "1½" and "m²" are not read as 11/2 and m2.
_LEVEL: Final = re.compile("[^\u00b2\u00b3\u00b9\u00bc-\u00be\u2070-\u2079\u2080-\u2089\u2150-\u215f]+")
# Dots of other scripts and bullets, where a letter follows as in an address: between numbers they separate prices.
_LIKE_DOT: Final = re.compile(r"(?<=[A-Za-z0-9_])[\u00b7\u06d4\u2022\u2027\u2219\u22c5\u3002\u30fb\ua4f8](?=[^\W\d_])")


def mask_contacts(raw: str) -> str:
    """Replace e-mail and web addresses, names in networks, accounts and phone numbers.

    They are found in whatever characters they are spelled. A text that hides one in characters that only look like
    those of an address comes back in plain ones; all others keep theirs.
    """
    masked = _mask(raw)
    plain = _plain(raw)
    if plain == raw:
        return masked
    seen = _mask(plain)
    return masked if _plain(masked) == seen else seen


def _plain(raw: str) -> str:
    """Write a text in the characters that it is read as."""
    if raw.isascii():
        return raw
    plain = _LEVEL.sub(lambda match: unicodedata.normalize("NFKC", match.group()), _UNSEEN.sub("", raw))
    return _LIKE_DOT.sub(".", plain)


def _mask(text: str) -> str:
    if _LIKE_ADDRESS.search(text):
        text = _SHORT_EMAIL.sub(EMAIL, _EMAIL.sub(EMAIL, text))
        text = _HANDLE.sub(HANDLE, _NAMED_HANDLE.sub(rf"\1\2{HANDLE}", text))
        text = _URL.sub(ADDRESS, text)
    return _PHONE.sub(_phone, _IBAN.sub(_account, text))


def _account(match: re.Match[str]) -> str:
    """Mask an account's number whose check digits are right (ISO 7064, mod 97-10)."""
    found = match.group()
    number = re.sub(r"[\s.-]", "", found)
    rest = int("".join(str(int(c, 36)) for c in number[4:] + number[:4])) % 97
    return ACCOUNT if rest == 1 else found


def _phone(match: re.Match[str]) -> str:
    found = match.group()
    if sum(c.isdigit() for c in found) < _PHONE_DIGITS:
        return found
    strange = [part for part in _BETWEEN.split(found.strip()) if not _INNOCENT.fullmatch(part)]
    return PHONE if len("".join(strange)) > 1 else found
