"""The user root lends to a server that refuses root, and what that user may reach."""

from __future__ import annotations

import logging
import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from moments_ray.errors import EmbeddedServerFailed

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Account:
    """The user a server runs as."""

    uid: int
    gid: int


def lent_account(data: Path) -> Account | None:
    """Return whom root runs a server as: the owner of its data, at first ``nobody``; None for an ordinary user.

    Raises:
        EmbeddedServerFailed: this system has no such user.
    """
    if os.geteuid() != 0:
        return None
    if data.exists():
        found = data.stat()
        if found.st_uid != 0:
            return Account(found.st_uid, found.st_gid)
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError as error:
        raise EmbeddedServerFailed(
            "PostgreSQL refuses to run as root, and this system has no user `nobody` to lend it: "
            "run as an ordinary user, or set DATABASE_URL."
        ) from error
    return Account(entry.pw_uid, entry.pw_gid)


def may(account: Account, path: Path, wanted: int) -> bool:
    """Tell whether an account has the permissions ``wanted`` (``rwx`` as 4, 2, 1) on a file, by its mode bits."""
    found = path.stat()
    if found.st_uid == account.uid:
        return (found.st_mode >> 6) & wanted == wanted
    if found.st_gid == account.gid:
        return (found.st_mode >> 3) & wanted == wanted
    return found.st_mode & wanted == wanted


def can_run(account: Account, program: Path) -> bool:
    """Tell whether an account can reach, read and execute a program."""
    program = program.resolve()
    return may(account, program, 5) and all(may(account, parent, 1) for parent in program.parents)


def open_path(account: Account, directory: Path) -> None:
    """Let an account pass through a directory and all above it: passing only, not listing or reading.

    Raises:
        EmbeddedServerFailed: one of them belongs to an ordinary user, who alone may open it.
    """
    for step in (directory, *directory.parents):
        if may(account, step, 1):
            continue
        found = step.stat()
        if found.st_uid != 0:
            raise EmbeddedServerFailed(
                f"PostgreSQL cannot run as root and its own user cannot pass {step}: "
                "set MOMENTS_HOME to a directory outside of it, run as its owner, or set DATABASE_URL."
            )
        _log.warning("opened %s for passing through (chmod o+x), so that PostgreSQL's user reaches its data", step)
        step.chmod(stat.S_IMODE(found.st_mode) | stat.S_IXOTH)


def copy_software(packages: tuple[Path, ...], target: Path) -> None:
    """Copy installed packages, which keep their places to each other, into ``target``, readable by everybody."""
    unfinished = target.with_name(target.name + ".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    for package in packages:
        shutil.copytree(
            package, unfinished / package.name, ignore=shutil.ignore_patterns("*.a", "include", "pgxs", "pginstall")
        )
    for step in (unfinished, *unfinished.rglob("*")):
        if not step.is_symlink():
            step.chmod(stat.S_IMODE(step.stat().st_mode) | (0o555 if step.is_dir() else 0o444))
            if step.stat().st_mode & stat.S_IXUSR:
                step.chmod(stat.S_IMODE(step.stat().st_mode) | 0o111)
    unfinished.rename(target)
