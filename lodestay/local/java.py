"""Finds a JDK that OpenSearch and Spark can both run on.

Standard library only: the prerequisites are checked before anything is installed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lodestay.local.errors import PrerequisiteMissing

MINIMUM = 21
HOW_TO_GET = (
    "Debian/Ubuntu: apt-get install openjdk-21-jdk-headless (or temurin-25-jdk) · macOS: brew install openjdk@21"
)
_USUAL_PLACES = (
    "/usr/lib/jvm/*",
    "/opt/java/*",
    "/opt/jdk*",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home",
    "/opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home",
    "~/.sdkman/candidates/java/*",
    "~/.jdks/*",
)


@dataclass(frozen=True, order=True)
class Java:
    """One installed Java."""

    major: int
    home: Path


def find_java(environment: Mapping[str, str], *, usable: Callable[[Path], bool]) -> Java:
    """The Java to use: ``LODESTAY_JAVA_HOME``, ``JAVA_HOME`` or ``java`` on the path if new enough, else the newest.

    Parameters
    ----------
    usable
        Whether the account that is to run it can enter that folder.

    Raises
    ------
    PrerequisiteMissing
        None is new enough, or the one asked for by ``LODESTAY_JAVA_HOME`` is not.
    """
    asked = environment.get("LODESTAY_JAVA_HOME")
    if asked:
        java = inspect(Path(asked))
        if java is None or java.major < MINIMUM:
            raise PrerequisiteMissing(
                f"LODESTAY_JAVA_HOME is {asked}: {'no Java there' if java is None else f'Java {java.major}'}.",
                hint=f"Point it to the home of a JDK {MINIMUM} or newer, or unset it.",
            )
        return java
    chosen = [java for home in _chosen(environment) if (java := inspect(home))]
    found = sorted((java for home in _usual() if (java := inspect(home))), reverse=True)
    for java in (*chosen, *found):
        if java.major >= MINIMUM and usable(java.home):
            return java
    seen = ", ".join(sorted({f"Java {java.major} in {java.home}" for java in (*chosen, *found)})) or "no Java at all"
    raise PrerequisiteMissing(f"A JDK {MINIMUM} or newer is needed; found {seen}.", hint=HOW_TO_GET)


def inspect(home: Path) -> Java | None:
    """The Java whose home this is, or None when there is none."""
    program = home / "bin" / "java"
    if not os.access(program, os.X_OK):
        return None
    try:
        text = (home / "release").read_text(encoding="utf-8")
    except OSError:
        text = _ask(program)
    match = re.search(r'(?:JAVA_VERSION=|version )"(?:1\.)?(\d+)', text)
    return Java(int(match[1]), home.resolve()) if match else None


def _ask(program: Path) -> str:
    try:
        answer = subprocess.run([program, "-version"], capture_output=True, text=True, timeout=30, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stderr


def _chosen(environment: Mapping[str, str]) -> Iterator[Path]:
    if environment.get("JAVA_HOME"):
        yield Path(environment["JAVA_HOME"])
    on_path = shutil.which("java", path=environment.get("PATH"))
    if on_path:
        yield Path(on_path).resolve().parents[1]


def _usual() -> Iterator[Path]:
    for pattern in _USUAL_PLACES:
        base = Path(pattern).expanduser()
        yield from Path(base.anchor).glob(str(base.relative_to(base.anchor)))
