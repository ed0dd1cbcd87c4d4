"""Columns in files: mapped they are the same columns, and what is broken is refused."""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from numpy.typing import NDArray

from search.columns.encoding import night_fields
from search.columns.engine import retrieve
from search.columns.files import MANIFEST, build_folder, builds, open_build, room_in, seal
from search.columns.layout import AXES, Axis, arrays
from search.columns.merging import Part, in_memory, merged
from search.columns.sources import read_document
from search.columns.store import Columns, ColumnStore
from search.columns.table import Prices
from search.document import calendar_fields
from search.errors import BuildRefused
from tests.search.columns.test_answers import plainly, store_of
from tests.search.marketplace import HERE, TODAY, documents_of, random_calendar, random_request, random_supply

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
EXPORTS = {"stockholm": NOW, "osaka": None}
Documents = list[dict[str, Any]]


@pytest.fixture(scope="module")
def documents() -> Documents:
    """Documents of a random marketplace, one of them twice, one too dear for sixteen bits."""
    rng = np.random.default_rng(20260616)
    found = documents_of(random_supply(rng, listings=200), np.random.default_rng(1))
    dear = next(document for document in found if document["price_sum"])
    dear["price_sum"] = {slot: 100_003 * total for slot, total in dear["price_sum"].items()}
    return [{**found[5], "rating": 1.0, "amenities": ["only then"]}, *found]


@pytest.fixture(scope="module")
def sealed(documents: Documents, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole build; read-only for tests."""
    folder = tmp_path_factory.mktemp("sealed")
    seal(folder, merged(_parts(documents, 64), room_in(folder)), source="0" * 16, exports=EXPORTS)
    return folder


@pytest.fixture
def build(sealed: Path, tmp_path: Path) -> Path:
    """A whole build that a test may break."""
    return Path(shutil.copytree(sealed, tmp_path / "build"))


def _parts(documents: Documents, size: int) -> list[Part]:
    chunks = [documents[first : first + size] for first in range(0, len(documents), size)]
    drafts = [Columns.drafted([chunk[:7], chunk[7:]], listings=len(chunk)) for chunk in chunks]
    return [Part(draft.table, draft.words) for draft in drafts]


def _assert_equal(one: ColumnStore, other: ColumnStore) -> None:
    assert one.words == other.words
    mine, theirs = arrays(one.whole.columns), arrays(other.whole.columns)
    for path in AXES:
        assert mine[path].dtype == theirs[path].dtype, path
        assert np.array_equal(mine[path], theirs[path], equal_nan=mine[path].dtype.kind == "f"), path


@pytest.mark.parametrize("size", [9, 64, 65])
def test_parts_together_are_the_whole(documents: Documents, size: int) -> None:
    """However the documents are cut, the columns are those that all of them together make; the last of two counts."""
    whole = ColumnStore(lambda: documents)
    assert len(whole) == len(documents) - 1
    _assert_equal(ColumnStore(merged(_parts(documents, size), in_memory)), whole)
    apart = -whole.table.prices.unit[whole.table.prices.unit < 0]
    assert sorted(apart) == list(range(1, len(apart) + 1)), "each has a row of its own, one after the other"
    assert 0 < len(apart) < len(whole)
    assert len(whole.table.prices.large) > len(apart), "a listing that becomes dear finds room"


def test_a_build_is_the_columns(build: Path, documents: Documents) -> None:
    """What is mapped is what was made in memory, to the bit, and knows when its documents were exported."""
    opened = open_build(build)
    assert opened.exports == EXPORTS
    _assert_equal(ColumnStore(opened.whole), ColumnStore(lambda: documents))


def test_text_is_read_as_the_document(documents: Documents) -> None:
    """Documents read from JSON make the same columns, whatever a host has written into a text."""
    odd = 'say "price_sum":{"0":1} or \\"vector":[1,2] \\'
    told: Documents = [{**document, "title": odd, "vector": [0.5, 1.0], "description": odd} for document in documents]
    read = [read_document(orjson.dumps(document)) for document in told]
    assert [(one["title"], one["description"], one["vector"]) for one in read] == [(odd, odd, None)] * len(read)
    assert any(isinstance(one["price_sum"], bytes) for one in read)
    _assert_equal(ColumnStore(lambda: read), ColumnStore(lambda: documents))


def test_changes_stay_in_the_process(build: Path) -> None:
    """Another process that maps the build sees nothing of what one has written; its own searches see all of it."""
    rng = np.random.default_rng(5)
    store, other = ColumnStore(open_build(build).whole), ColumnStore(open_build(build).whole)
    before = {path: column.copy() for path, column in arrays(other.whole.columns).items()}
    ids = store.table.listing_id[::3].tolist()
    changes = {n: calendar_fields(random_calendar(rng), today=TODAY) | {"is_active": True} for n in ids}
    assert store.update({**changes, 10**12: {"is_active": False}}) == len(ids)
    assert not np.array_equal(store.table.nights.free, before["table.nights.free"])
    for path, column in arrays(other.whole.columns).items():
        assert np.array_equal(column, before[path], equal_nan=column.dtype.kind == "f"), path
    open_build(build)


def test_a_price_that_stops_fitting_and_fits_again(documents: Documents) -> None:
    """Prices beyond sixteen bits, and back: totals are exact each time, and room once taken is used again."""
    rng = np.random.default_rng(8)
    supply = random_supply(rng, listings=60)
    told = documents_of(supply, np.random.default_rng(1))
    store = ColumnStore(lambda: told)
    for factor in (1, 10**6 + 3, 1, 10**6 + 3, 70_001):
        calendars = {
            n: replace(calendar, price_minor=calendar.price_minor * factor)
            for n, calendar in supply.calendars.items()
            if calendar is not None
        }
        store.update({n: calendar_fields(one, today=TODAY) for n, one in calendars.items()})
        dearer = replace(supply, calendars={**supply.calendars, **calendars})
        for _ in range(15):
            request = random_request(rng)
            if request.stay is None:
                continue
            answer, plain = retrieve(request, store, today=HERE), plainly(request, dearer)
            totals = [(one.listing_id, one.total_minor) for one in plain.candidates]
            assert [(one.listing_id, one.total_minor) for one in answer.candidates] == totals
    assert len(store.table.prices.large) <= 2 * len(store) + 64


def test_a_build_of_yesterday_is_right_today() -> None:
    """The ring goes on by itself: a day later the columns answer for any stay as the calendars do."""
    rng = np.random.default_rng(21)
    supply = random_supply(rng, listings=150)
    yesterday = TODAY - timedelta(days=1)
    told = documents_of(supply, np.random.default_rng(1), today=yesterday)
    store, found = ColumnStore(lambda: told), 0
    for _ in range(300):
        request = random_request(rng)
        if request.stay is None:  # what a night usually costs is as of yesterday
            continue
        answer, plain = retrieve(request, store, today=HERE), plainly(request, supply)
        assert (answer.total_count, answer.facets, answer.histogram) == (
            plain.total_count,
            plain.facets,
            plain.histogram,
        )
        totals = [(one.listing_id, one.total_minor) for one in plain.candidates]
        assert [(one.listing_id, one.total_minor) for one in answer.candidates] == totals
        found += answer.total_count
    assert found > 40


def _edit(build: Path, change: Callable[[dict[str, Any]], object]) -> None:
    manifest = orjson.loads((build / MANIFEST).read_bytes())
    change(manifest)
    (build / MANIFEST).write_bytes(orjson.dumps(manifest))


def _truncate(build: Path) -> None:
    file = build / "table.prices.nightly.npy"
    _put(file, file.read_bytes()[:-8])


def _flip_a_bit(build: Path) -> None:
    file = build / "table.nights.free.npy"
    held = bytearray(file.read_bytes())
    held[-9] ^= 1
    _put(file, held)


def _put(file: Path, held: bytes | bytearray) -> None:
    """Put a file in the place of one that may not be written to."""
    file.unlink()
    file.write_bytes(held)


def _replaced(change: Callable[[NDArray[Any]], NDArray[Any]]) -> Callable[[Path], None]:
    """Write another column in the place of one, and what the manifest says of it too."""

    def write(build: Path) -> None:
        name = "table.prices.nightly"
        folder = build.parent / "other"
        folder.mkdir()
        whole = open_build(build).whole
        prices = whole.columns.table.prices
        other = prices._replace(nightly=change(prices.nightly))
        table = whole.columns.table._replace(prices=other)
        (build / f"{name}.npy").unlink()
        np.save(build / f"{name}.npy", other.nightly)
        seal(build, replace(whole, columns=whole.columns._replace(table=table)), source="", exports={})

    return write


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "a truncated file": (_truncate, r"table\.prices\.nightly\.npy has [\d,]+ bytes instead of"),
    "a bit that flipped": (_flip_a_bit, "its checksum differs"),
    "a missing file": (lambda build: (build / "keys.npy").unlink(), r"keys\.npy is missing"),
    "no manifest": (lambda build: (build / MANIFEST).unlink(), "No such file"),
    "half a manifest": (lambda build: (build / MANIFEST).write_bytes(b'{"format": "1-'), "validation error"),
    "another version": (lambda build: _edit(build, lambda one: one.update(format="0-old")), "its format is 0-old"),
    "a column not named": (lambda build: _edit(build, lambda one: one["files"].pop("keys")), "not name every column"),
    "another type": (_replaced(lambda nightly: nightly.astype(np.int64)), "holds int64"),
    "another length": (_replaced(lambda nightly: nightly[:, 1:].copy()), "which is not that column"),
}


def test_files_of_a_build_are_not_written_to_by_chance(build: Path) -> None:
    """What processes map may be replaced and removed, and not written to."""
    files = sorted(build.glob("*.npy"))
    assert files
    assert {file.stat().st_mode & 0o777 for file in files} == {0o444}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_build_is_refused(build: Path, kind: str) -> None:
    """Each kind of damage is found before anything is mapped, and the reason says which file and what."""
    open_build(build)
    damage, reason = BROKEN[kind]
    damage(build)
    with pytest.raises(BuildRefused, match=reason) as refused:
        open_build(build)
    assert build.name in refused.value.detail
    assert str(build.parent) not in refused.value.detail
    assert refused.value.hint


def test_builds_are_found_newest_first(tmp_path: Path, sealed: Path) -> None:
    """Folders without a manifest, as of a write that was broken off, are no builds; a lake elsewhere has none."""
    lake = str(tmp_path)
    assert builds(lake) == []
    made = [build_folder(lake, made_at=NOW + timedelta(seconds=n)) for n in range(3)]
    for folder in made:
        shutil.copytree(sealed, folder)
    (made[1] / MANIFEST).unlink()
    assert builds(lake) == [made[2], made[0]]
    assert builds("s3://bucket/lake") == []


def test_every_column_has_an_axis() -> None:
    """What the shapes of an empty table tell of the axes is what the columns mean."""
    assert set(AXES.values()) == set(Axis)
    assert AXES["table.nights.free"] is Axis.BITS_LAST
    assert AXES["table.traits.values"] is Axis.BITS_LAST
    assert AXES["table.traits.codes"] is AXES["table.prices.rates"] is Axis.ROWS_FIRST
    assert AXES["table.prices.nightly"] is AXES["table.listing_id"] is AXES["keys"] is Axis.ROWS_LAST
    assert {path for path, axis in AXES.items() if axis is Axis.NONE} == {
        "table.stays.odd_rules",
        "table.prices.large",
    }
    assert set(Prices._fields) == {"fees", "rates", "usual", "nightly", "unit", "large"}


def test_odd_rules_have_room_for_more() -> None:
    """A listing that gets more rules than it had takes room that is there: the others are not copied for it."""
    rng = np.random.default_rng(33)
    supply = random_supply(rng, listings=150)
    store = store_of(supply)
    stays = store.table.stays
    row = int(np.argmin(stays.odd_count))
    many = int(np.argmax(stays.odd_count))
    calendar = supply.calendars[int(store.table.listing_id[many])]
    store.update({int(store.table.listing_id[row]): calendar_fields(calendar, today=TODAY)})
    assert store.table.stays.odd_count[row] == stays.odd_count[many] > 0
    assert store.table.stays.odd_rules is stays.odd_rules


_CHANGED = """
import asyncio, pickle, sys
from pathlib import Path
from search.columns import encoding, filling, terms, zones
from search.columns.engine import ColumnEngine
from search.columns.files import open_build
from search.columns.store import ColumnStore

noting = (terms.note_terms, zones.note_zones)
compiled = (filling.put_bits, filling.put_prices, encoding._write_rules, encoding._units, *noting)
engine = ColumnEngine(ColumnStore(open_build(Path(sys.argv[1])).whole))
asyncio.run(engine.prepare())
before = [len(one.signatures) for one in compiled]
assert all(before), before
assert asyncio.run(engine.update(pickle.loads(Path(sys.argv[2]).read_bytes()))) == 1
assert [len(one.signatures) for one in compiled] == before, "a change had something compiled"
engine.close()
"""


def test_the_first_change_has_nothing_to_wait_for(build: Path, documents: Documents, tmp_path: Path) -> None:
    """In a process that only mapped columns, what writes changes was compiled before the first of them."""
    calendar = random_calendar(np.random.default_rng(4))
    change = {documents[0]["listing_id"]: {**night_fields(calendar, today=TODAY), "is_active": True}}
    (tmp_path / "change").write_bytes(pickle.dumps(change))
    done = subprocess.run(
        [sys.executable, "-c", _CHANGED, build, tmp_path / "change"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_nothing_makes_columns_of_nothing(tmp_path: Path) -> None:
    """A marketplace without listings has a build, which answers that nothing was found."""
    seal(tmp_path, merged(_parts([], 1) or _empty_part(), room_in(tmp_path)), source="", exports={})
    store = ColumnStore(open_build(tmp_path).whole)
    assert store.update({1: {"is_active": True}}) == 0
    assert retrieve(random_request(np.random.default_rng(1)), store, today=HERE).total_count == 0


def _empty_part() -> list[Part]:
    draft = Columns.drafted([], listings=0)
    return [Part(draft.table, draft.words)]
