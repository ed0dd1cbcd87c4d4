"""What Lodestay needs of a machine and cannot bring itself.

Standard library only, and runnable by a bare ``python3 -m lodestay.local.prerequisites``: ``make install``
asks this before anything is installed, ``lodestay doctor`` afterwards.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PYTHONS = ((3, 11), (3, 14))
DISK_GIB = 6.0
MEMORY_GIB = 8.0
MAVEN_HOW_TO_GET = "Debian/Ubuntu: apt-get install maven · macOS: brew install maven"
_GIB = 1024**3


@dataclass(frozen=True)  # no kw_only: an old Python should be named, not fail on newer syntax
class Finding:
    """One prerequisite on this machine.

    Attributes
    ----------
    is_required
        Whether nothing works without it; else it is only recommended.
    """

    name: str
    needed: str
    found: str
    is_there: bool
    is_required: bool
    hint: str | None

    @property
    def is_met(self) -> bool:
        """Whether work can go on."""
        return self.is_there or not self.is_required


def check_all(folder: Path) -> list[Finding]:
    """Every prerequisite; disk space is that of `folder`. Under another Python, the JDK is not looked for."""
    python = _python()
    java = [_java()] if python.is_there else []  # its finder is written for the Python that is asked for
    return [python, *java, _maven(), _disk(folder), _memory()]


def require_all(folder: Path) -> None:
    """Stop before any work begins where something required is missing, and name all of it.

    Raises
    ------
    PrerequisiteMissing
        With every missing program and how to get it.
    """
    from lodestay.local.errors import PrerequisiteMissing  # noqa: PLC0415 - not under an old Python

    missing = [finding for finding in check_all(folder) if not finding.is_met]
    if missing:
        what = ", ".join(f"{finding.name} {finding.needed} (found: {finding.found})" for finding in missing)
        how = "\n".join(f"{finding.name}: {finding.hint}" for finding in missing)
        raise PrerequisiteMissing(f"This machine lacks {what}.", hint=how)


def _finding(name: str, *, needed: str, found: str, is_there: bool, hint: str, is_required: bool = True) -> Finding:
    return Finding(
        name=name,
        needed=needed,
        found=found,
        is_there=is_there,
        is_required=is_required,
        hint=None if is_there else hint,
    )


def _python() -> Finding:
    lowest, end = PYTHONS
    return _finding(
        "Python",
        needed="3.11, 3.12 or 3.13",
        found=".".join(map(str, sys.version_info[:3])),
        is_there=lowest <= sys.version_info[:2] < end,
        hint="Debian 12, Ubuntu 24.04: apt-get install python3 python3-venv · macOS: brew install python@3.13",
    )


def _java() -> Finding:
    from lodestay.local import java  # noqa: PLC0415 - not under an old Python
    from lodestay.local.errors import PrerequisiteMissing  # noqa: PLC0415

    try:
        found = java.find_java(os.environ, usable=lambda _home: True)
    except PrerequisiteMissing as error:
        return _finding(
            "JDK", needed=f"{java.MINIMUM} or newer", found=error.detail, is_there=False, hint=error.hint or ""
        )
    text = f"{found.major} in {found.home}"
    return _finding("JDK", needed=f"{java.MINIMUM} or newer", found=text, is_there=True, hint="")


def _maven() -> Finding:
    path = shutil.which("mvn")
    return _finding(
        "Maven", needed="any version", found=path or "not on the path", is_there=path is not None, hint=MAVEN_HOW_TO_GET
    )


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free / _GIB
    return _finding(
        "Disk",
        needed=f"{DISK_GIB:.0f} GiB free",
        found=f"{free:.1f} GiB free",
        is_there=free >= DISK_GIB,
        is_required=False,
        hint=f"Free some space on the disk of {folder}, or set LODESTAY_HOME and LODESTAY_CACHE to another.",
    )


def _memory() -> Finding:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB
    return _finding(
        "Memory",
        needed=f"{MEMORY_GIB:.0f} GiB",
        found=f"{total:.1f} GiB",
        is_there=total >= MEMORY_GIB * 0.9,  # a machine sold as 8 GiB shows a little less
        is_required=False,
        hint="Give the engines less: LODESTAY_OPENSEARCH_HEAP=512m LODESTAY_SPARK_MEMORY=1g",
    )


def main(show: Callable[[str], object] = print) -> int:
    """Print what is missing; 0 when everything required is there."""
    findings = check_all(Path.cwd())
    for finding in findings:
        if not finding.is_there:
            word = "Missing" if finding.is_required else "Advice"
            show(f"{word}: {finding.name} {finding.needed} (found: {finding.found}).\n  → {finding.hint}")
    return 0 if all(finding.is_met for finding in findings) else 1


if __name__ == "__main__":
    sys.exit(main())
