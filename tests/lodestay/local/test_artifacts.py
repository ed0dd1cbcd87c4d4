"""Downloads: pinned, checked, whole or not at all. Maven itself is stood in for by a script."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from lodestay.local.artifacts import Artifact, artifact, fetch
from lodestay.local.errors import DownloadFailed, PrerequisiteMissing

CONTENT = "the whole part"
PART = Artifact("org.example", "part", "1.0", "jar", hashlib.sha256(CONTENT.encode()).hexdigest())


@pytest.fixture
def maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program `mvn` first on the path; write to `answer` what it is to deliver."""
    program = tmp_path / "bin" / "mvn"
    program.parent.mkdir()
    answer = tmp_path / "answer"
    program.write_text(
        f"""#!/bin/sh
for argument; do case "$argument" in -DoutputDirectory=*) folder="${{argument#*=}}";; esac; done
[ -e '{answer}' ] || {{ echo 'Could not resolve artifact'; exit 1; }}
cp '{answer}' "$folder/{PART.file_name}"
""",
        encoding="utf-8",
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return answer


def _fetch(cache: Path) -> Path:
    cache.mkdir(exist_ok=True)
    return fetch(PART, cache, report=lambda _text: None)


@pytest.mark.parametrize("name", ["opensearch", "opensearch-knn", "neural-search", "postgresql"])
def test_every_part_is_pinned_with_its_checksum(name: str) -> None:
    """Nothing is fetched whose version and SHA-256 are not written down."""
    pinned = artifact(name)
    assert pinned.version[0].isdigit()
    assert len(pinned.sha256) == 64


def test_a_part_enters_the_cache_once(maven: Path, tmp_path: Path) -> None:
    """What is in the cache is not fetched again."""
    maven.write_text(CONTENT, encoding="utf-8")
    first = _fetch(tmp_path / "cache")
    maven.unlink()
    assert _fetch(tmp_path / "cache") == first
    assert first.read_text(encoding="utf-8") == CONTENT


def test_half_a_part_never_enters_the_cache(maven: Path, tmp_path: Path) -> None:
    """A cut-off download is refused, leaves nothing, and the next try succeeds."""
    maven.write_text(CONTENT[:5], encoding="utf-8")
    with pytest.raises(DownloadFailed, match="SHA-256") as caught:
        _fetch(tmp_path / "cache")
    assert caught.value.hint is not None
    assert "org/example/part/1.0" in caught.value.hint
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [".lock"]
    maven.write_text(CONTENT, encoding="utf-8")
    assert _fetch(tmp_path / "cache").exists()


def test_what_a_killed_download_left_is_cleared(maven: Path, tmp_path: Path) -> None:
    """A folder of a process that was killed does not stay for ever."""
    left = tmp_path / "cache" / ".download-killed"
    left.mkdir(parents=True)
    (left / PART.file_name).write_text("half", encoding="utf-8")
    maven.write_text(CONTENT, encoding="utf-8")
    _fetch(tmp_path / "cache")
    assert not left.exists()


@pytest.mark.usefixtures("maven")
def test_what_maven_says_is_passed_on(tmp_path: Path) -> None:
    """A failed download shows Maven's own words."""
    with pytest.raises(DownloadFailed, match=r"could not fetch org\.example:part") as caught:
        _fetch(tmp_path / "cache")
    assert caught.value.hint == "Could not resolve artifact"


def test_without_maven_the_way_to_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The failure says how to install Maven."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PrerequisiteMissing) as caught:
        _fetch(tmp_path / "cache")
    assert caught.value.hint is not None
    assert "apt-get install maven" in caught.value.hint
