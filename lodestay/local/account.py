"""Who a service runs as, and where that account can have its files.

PostgreSQL and OpenSearch refuse to run as root. Started by root they run as an unprivileged account
(``LODESTAY_SERVICE_USER``, by default ``nobody``, so that nothing on the machine is changed). That
account cannot enter root's home or any folder closed to others: then its files go to a folder of their
own under ``/var/tmp``, one for each home.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lodestay.local.errors import AccountUnusable
from lodestay.local.options import local_options

_OUTSIDE_ROOTS_HOME = Path("/var/tmp")  # noqa: S108 - the folder below it is checked to be root's own


@dataclass(frozen=True)
class Account:
    """An account of this machine."""

    name: str
    uid: int
    gid: int


def service_account() -> Account | None:
    """Account that refuses-root services run under, or None when we are not root ourselves.

    Raises
    ------
    AccountUnusable
        The account does not exist, or is root.
    """
    if os.geteuid() != 0:
        return None
    name = local_options().service_user
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise AccountUnusable(
            f"There is no account {name!r} on this machine.",
            hint="Name an unprivileged account in LODESTAY_SERVICE_USER, or run as a normal user.",
        ) from None
    if entry.pw_uid == 0:
        raise AccountUnusable(
            "PostgreSQL and OpenSearch refuse to run as root.", hint="Name an unprivileged LODESTAY_SERVICE_USER."
        )
    return Account(name, entry.pw_uid, entry.pw_gid)


def may_enter(path: Path, account: Account | None) -> bool:
    """Whether the account can read `path` and traverse every folder above it, by their permission bits."""
    if account is None:
        return os.access(path, os.R_OK | os.X_OK)
    real = path.resolve()
    return all(_permits(folder, account, stat.S_IXOTH) for folder in real.parents) and _permits(
        real, account, stat.S_IROTH | stat.S_IXOTH
    )


def _permits(path: Path, account: Account, others: int) -> bool:
    status = path.stat()
    if status.st_uid == account.uid:
        wanted = others << 6
    elif status.st_gid == account.gid:
        wanted = others << 3
    else:
        wanted = others
    return status.st_mode & wanted == wanted


def ground(home: Path, account: Account | None) -> Path:
    """Folder under which services of this home keep their files: the home itself wherever that is possible."""
    home.mkdir(mode=0o755, parents=True, exist_ok=True)
    if account is None:
        return home
    if home.stat().st_uid == os.geteuid():
        home.chmod(home.stat().st_mode | stat.S_IXOTH | stat.S_IROTH)  # a strict umask would shut the account out
    return home if may_enter(home, account) else _folder_outside(home)


def _folder_outside(home: Path) -> Path:
    digest = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:12]
    folder = _OUTSIDE_ROOTS_HOME / f"lodestay-{digest}"
    folder.mkdir(mode=0o755, exist_ok=True)
    status = folder.lstat()
    # Everybody may write to /var/tmp: a folder or link that somebody else put there is not ours to use.
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise AccountUnusable(f"{folder} belongs to somebody else.", hint=f"Remove {folder}, or set LODESTAY_HOME.")
    folder.chmod(0o755)
    return folder


def owned_folder(path: Path, account: Account | None) -> Path:
    """Make a folder that the service alone can read, and give it to its account."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    if account is not None:
        os.chown(path, account.uid, account.gid)
    return path


def readable_copy(source: Path, account: Account | None, *, under: Path, name: str) -> Path:
    """`source` itself when the account can read it, else a copy that it can, made whole or not at all."""
    if may_enter(source, account):
        return source
    target = under / name
    if not target.exists():
        under.mkdir(mode=0o755, parents=True, exist_ok=True)
        half = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=under))
        shutil.copytree(source, half, symlinks=True, dirs_exist_ok=True)
        open_to_others(half)
        half.rename(target)
    return target


def open_to_others(folder: Path) -> None:
    """Let every account read `folder` and all that is in it (and run what its owner can run)."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if path.is_dir() or mode & stat.S_IXUSR else 0))
