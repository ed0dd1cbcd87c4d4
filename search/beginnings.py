"""Phrases found by the beginnings of their words, in any script, while somebody types.

Words in order, beside each the phrases that have it, and beside each phrase its words: what begins so is one run of
either. Phrases are numbered by weight, the heaviest first, so that the smallest numbers are the best.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from time import sleep
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from search.places import folded
from search.slips import LAST_LETTER, respaced, slips

MAX_WORDS: Final = 8
"""Words of what is typed that are looked at."""
MAX_WORD: Final = 24
"""Letters of a word that are compared."""
SLIP_FROM: Final = 4
"""Letters from which one may be wrong: of a word, and of all that is typed."""
SLIP_WORDS: Final = 5
"""Words of which one alone is looked at as if it had a slip, the first ones: each is another search."""
MOST: Final = 64
"""Phrases that are found at most."""
_UNSPACED_WORD: Final = 8
"""Letters that are compared from each letter on, in scripts that put no spaces between words."""
_WIDE: Final = 4_096
"""Phrases of a beginning from which on they are judged in parts, the best first, and what is found is remembered."""
_REMEMBERED: Final = 4_096
"""Wide beginnings whose best are remembered."""
_BREATHER: Final = 128
"""Phrases after which other threads have their turn while tables are made."""
_ASCII_WORD: Final = re.compile(r"[a-z0-9]+")
# Kana, ideographs, Thai and Lao, Burmese, Khmer.
_UNSPACED: Final = re.compile(
    "([\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\U00020000-\U0003ffff]+)"
)

Rows = NDArray[np.uint32]
Ranges = tuple[tuple[int, int], ...]
"""Runs of words."""


class Beginnings:
    """Phrases by the beginnings of their words.

    Parameters
    ----------
    keys
        (n,) of the phrases: each once.
    texts, markets
        n texts, and the market that each belongs to.
    weights
        (n,): the higher, the earlier a phrase is suggested.
    """

    def __init__(
        self, keys: NDArray[np.int64], texts: pa.StringArray, markets: pa.StringArray, weights: NDArray[np.float32]
    ) -> None:
        order = np.lexsort((keys, -weights))
        self.keys = keys[order]
        self.weights = weights[order]
        self._texts = texts.take(pa.array(order))
        coded = markets.dictionary_encode()
        self._markets: list[str] = coded.dictionary.to_pylist()
        self._market_of: NDArray[np.int32] = coded.indices.to_numpy()[order]
        self._by_key = np.argsort(self.keys).astype(np.uint32)
        self._is_shown = np.ones(len(order), dtype=np.bool_)
        self._has_hidden = False
        self._best: OrderedDict[tuple[tuple[Ranges, ...], int], Rows] = OrderedDict()
        self._index(len(order))

    def __len__(self) -> int:
        return len(self.keys)

    def text(self, row: int) -> str:
        """Text of a phrase, by its number."""
        return str(self._texts[row].as_py())

    def market(self, row: int) -> str:
        """Market of a phrase, by its number."""
        return self._markets[int(self._market_of[row])]

    @property
    def size_bytes(self) -> int:
        """Memory of the tables and of the texts; the words themselves, each once, are Python's and not counted."""
        arrays = (
            self.keys,
            self.weights,
            self._market_of,
            self._is_shown,
            self._by_key,
            self._starts,
            self._rows,
            self._word_starts,
        )
        return sum(each.nbytes for each in (*arrays, self._words_of)) + int(self._texts.nbytes)

    def hide(self, keys: Sequence[int]) -> None:
        """Find phrases no more."""
        wanted = np.asarray(keys, dtype=np.int64)
        at = np.searchsorted(self.keys, wanted, sorter=self._by_key)
        rows = self._by_key[at[at < len(self.keys)]]
        gone = rows[np.isin(self.keys[rows], wanted)]
        if self._is_shown[gone].any():
            self._is_shown[gone] = False
            self._has_hidden = True
            self._best.clear()

    def find(self, typed: str, *, market: str | None, limit: int) -> tuple[list[int], int]:
        """Find phrases that have, for each word typed, one that begins so: those of the market first, then by weight.

        Where there are none, one word may have a slip (:func:`search.slips.slips`) or one space
        (:func:`search.slips.respaced`); where that finds none, each word.

        Returns
        -------
        tuple
            Numbers of at most `limit` phrases, :data:`MOST` at most, and how many slips had to be forgiven: 2 for more.
        """
        limit = min(limit, MOST)
        words = list(typed_words(typed))[:MAX_WORDS]
        if not words:
            return [], 0
        plain = [self._beginning(word) for word in words]
        found = self._having(plain, market=market, limit=limit)
        if found or sum(map(len, words)) < SLIP_FROM:
            return found, 0
        slipped = [self._slipped(word) for word in words]
        readings = self._with_one_slip(words, plain, slipped)
        once = {row for reading in readings for row in self._having(reading, market=market, limit=limit)}
        if once:
            code = self._code(market)
            return sorted(once, key=lambda row: (self._market_of[row] != code, row))[:limit], 1
        return self._having(slipped, market=market, limit=limit), 2

    def _index(self, count: int) -> None:
        """Make the tables: words in order, the phrases of each, and the words of each phrase."""
        numbers: dict[str, int] = {}
        flat, ends = array("I"), array("Q", [0])
        for start in range(0, count, _BREATHER):
            sleep(0)
            for text in self._texts.slice(start, _BREATHER).to_pylist():
                flat.extend({numbers.setdefault(word, len(numbers)) for word in words_of(text)})
                ends.append(len(flat))
        self._words = sorted(numbers)
        rank = np.empty(len(numbers), dtype=np.uint32)
        rank[[numbers[word] for word in self._words]] = np.arange(len(numbers), dtype=np.uint32)
        self._words_of = rank[np.frombuffer(flat, dtype=np.uint32)] if len(flat) else np.zeros(0, np.uint32)
        self._word_starts = np.frombuffer(ends, dtype=np.uint64).astype(np.int64)
        owners = np.repeat(np.arange(count, dtype=np.uint32), np.diff(self._word_starts))
        self._rows = owners[np.argsort(self._words_of, kind="stable")]
        counts = np.bincount(self._words_of, minlength=len(numbers))
        self._starts = np.concatenate(([0], np.cumsum(counts, dtype=np.int64)))

    def _beginning(self, word: str) -> Ranges:
        low, high = bisect_left(self._words, word), bisect_left(self._words, word + LAST_LETTER)
        return ((low, high),) if low < high else ()

    def _whole(self, word: str) -> Ranges:
        at = bisect_left(self._words, word)
        return ((at, at + 1),) if self._words[at : at + 1] == [word] else ()

    def _with_one_slip(
        self, words: Sequence[str], plain: Sequence[Ranges], slipped: Sequence[Ranges]
    ) -> Iterator[list[Ranges]]:
        """What may be meant by words of which one, or a space between them, has a slip.

        A word that ends where a space slipped, and a short one, is meant whole: beginnings of it would be anything.
        """
        for at, meant in enumerate(slipped[:SLIP_WORDS]):
            if meant != plain[at]:
                yield [*plain[:at], meant, *plain[at + 1 :]]
        for *ended, last in respaced(words[:SLIP_WORDS]):
            *rest, end = [last, *words[SLIP_WORDS:]]
            yield [*(self._whole(word[:MAX_WORD]) for word in [*ended, *rest]), self._beginning(end[:MAX_WORD])]

    def _slipped(self, word: str) -> Ranges:
        """Words that begin as typed or with one slip, in runs that do not overlap."""
        meant = self._beginning if len(word) >= SLIP_FROM else self._whole
        found = [*self._beginning(word)]
        found += [run for variant in dict.fromkeys(slips(self._words, word)) for run in meant(variant)]
        runs: list[tuple[int, int]] = []
        for low, high in sorted(found):
            if runs and low <= runs[-1][1]:
                runs[-1] = (runs[-1][0], max(high, runs[-1][1]))
            else:
                runs.append((low, high))
        return tuple(runs)

    def _having(self, words: list[Ranges], *, market: str | None, limit: int) -> list[int]:
        """Numbers of phrases that have a word of each of these runs."""
        if not all(words):
            return []
        runs = tuple(sorted(dict.fromkeys(words), key=self._width))
        code = self._code(market)
        if self._width(runs[0]) < _WIDE:
            return [int(row) for row in self._judge(runs, code, limit=limit)]
        if (best := self._best.get((runs, code))) is None:
            best = self._best[runs, code] = self._judge(runs, code, limit=MOST)
            if len(self._best) > _REMEMBERED:
                self._best.popitem(last=False)
        return [int(row) for row in best[:limit]]

    def _width(self, runs: Ranges) -> int:
        return int(sum(self._starts[high] - self._starts[low] for low, high in runs))

    def _code(self, market: str | None) -> int:
        """Number of a market; -1 for none, and for one without phrases."""
        return self._markets.index(market) if market in self._markets else -1

    def _judge(self, words: Sequence[Ranges], code: int, *, limit: int) -> Rows:
        lead, *others = words
        rows = np.concatenate([self._rows[self._starts[low] : self._starts[high]] for low, high in lead])
        if self._has_hidden:
            rows = rows[self._is_shown[rows]]
        if code < 0:
            return self._first(rows, others, limit)
        is_here = self._market_of[rows] == code
        here = self._first(rows[is_here], others, limit)
        if len(here) == limit:
            return here
        return np.concatenate([here, self._first(rows[~is_here], others, limit - len(here))])

    def _first(self, rows: Rows, others: Sequence[Ranges], limit: int) -> Rows:
        """The heaviest `limit` of the rows that have a word of each of the other runs: looked for among the first."""
        best = rows[:0]
        for part in _in_parts(rows):
            best = np.unique(part)
            for runs in others:
                best = best[self._has(best, runs)]
            if len(best) >= limit:
                break
        return best[:limit]

    def _has(self, rows: Rows, runs: Ranges) -> NDArray[np.bool_]:
        """Whether each row has a word of one of the runs."""
        starts, ends = self._word_starts[rows], self._word_starts[rows.astype(np.int64) + 1]
        lengths = ends - starts
        owner = np.repeat(np.arange(len(rows)), lengths)
        offset = np.arange(len(owner)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        words = self._words_of[np.repeat(starts, lengths) + offset]
        fits: Any = np.zeros(len(words), dtype=np.bool_)
        for low, high in runs:
            fits |= (words >= low) & (words < high)
        has = np.zeros(len(rows), dtype=np.bool_)
        has[owner[fits]] = True
        return has


def _in_parts(rows: Rows) -> Iterator[Rows]:
    """Of many rows the heaviest alone, which mostly are enough; then all."""
    if len(rows) > _WIDE:
        yield rows[rows <= np.partition(rows, _WIDE)[_WIDE]]
    yield rows


def spaced(text: str) -> str:
    """A phrase as it is compared: its words, single spaces between them, and no signs."""
    plain = folded(text)
    if plain.isascii():
        return " ".join(_ASCII_WORD.findall(plain))
    # Letters and digits, and the marks that in some scripts are half of a letter: neither signs nor emoji.
    return " ".join("".join(c if unicodedata.category(c)[0] in "LNM" else " " for c in plain).split())


def words_of(text: str) -> Iterator[str]:
    """Words of a phrase in the form they are compared in; where a script has no spaces, what begins at each letter."""
    for part, is_unspaced in _parts(text):
        if is_unspaced:
            yield from (part[at : at + _UNSPACED_WORD] for at in range(len(part)))
        else:
            yield part[:MAX_WORD]


def typed_words(text: str) -> Iterator[str]:
    """Words of what is typed, in the same form."""
    for part, is_unspaced in _parts(text):
        yield part[: _UNSPACED_WORD if is_unspaced else MAX_WORD]


def _parts(text: str) -> Iterator[tuple[str, bool]]:
    for word in spaced(text).split():
        if word.isascii():
            yield word, False
            continue
        for at, part in enumerate(_UNSPACED.split(word)):
            if part:
                yield part, at % 2 == 1
