"""Makes ``.venv`` of what stands in ``requirements.lock``: ``python environment.py``, which ``make`` calls.

Nothing but Python and a package index is needed. ``uv`` installs, because it fetches and unpacks in parallel
(``benchmarks/install.py`` times it against pip), and goes to where pip's own configuration points: index, more indexes,
links, certificates, proxy. Where that says something that uv has no word for, or uv fails, pip installs.
Only the standard library is imported: there is nothing else yet.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent
LOCK = ROOT / "requirements.lock"

# An option of pip, and the variables that say the same to uv.
_VARIABLES = {
    "index-url": ("UV_DEFAULT_INDEX",),
    "extra-index-url": ("UV_INDEX",),
    "find-links": ("UV_FIND_LINKS",),
    "no-index": ("UV_NO_INDEX",),
    "trusted-host": ("UV_INSECURE_HOST",),
    "cert": ("SSL_CERT_FILE",),
    "client-cert": ("SSL_CLIENT_CERT",),
    "proxy": ("HTTP_PROXY", "HTTPS_PROXY"),
    "timeout": ("UV_HTTP_TIMEOUT",),
    "default-timeout": ("UV_HTTP_TIMEOUT",),
    "retries": ("UV_HTTP_RETRIES",),
    "no-cache-dir": ("UV_NO_CACHE",),
}
_COMMA_SEPARATED = {"find-links"}
# How pip talks and where it keeps files; and constraints, which could only forbid what the lock names.
_OF_PIP_ALONE = {
    *("disable-pip-version-check", "no-input", "no-color", "progress-bar", "quiet", "verbose", "log", "cache-dir"),
    *("require-virtualenv", "no-python-version-warning", "root-user-action", "no-warn-script-location", "debug"),
    *("break-system-packages", "user", "config-file", "constraint"),
}
_OFF = {"0", "no", "off", "false", ""}


class Untranslatable(Exception):
    """Pip is told something that uv cannot be told."""


def pip_options(listing: str) -> dict[str, str]:
    """Return the options that ``pip install`` would take from ``pip config list``: variables over files.

    A line is ``section.option='value'``; the sections are ``global``, ``install``, a command of no concern, or
    ``:env:`` for a variable.
    """
    found: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in listing.splitlines():
        name, given, value = line.partition("=")
        section, _, option = name.strip().rpartition(".")
        if given and section in found:
            found[section][option.replace("_", "-")] = str(ast.literal_eval(value.strip())).strip()
    return {**found["global"], **found["install"], **found[":env:"]}


def uv_variables(options: Mapping[str, str]) -> dict[str, str]:
    """Return the environment in which uv goes where these options send pip.

    Raises:
        Untranslatable: one of them has no counterpart.
    """
    variables = {"UV_INDEX_STRATEGY": "unsafe-best-match"}  # as pip: the lock's hashes say whose file is right
    for option, value in options.items():
        if option in _OF_PIP_ALONE or (option.startswith("no-") and value.lower() in _OFF):
            continue
        if option not in _VARIABLES:
            raise Untranslatable(f"pip's configuration has `{option}`")
        words = ("," if option in _COMMA_SEPARATED else " ").join(value.split())
        variables |= dict.fromkeys(_VARIABLES[option], "1" if option.startswith("no-") else words)
    return variables


def locked(name: str, lock: str) -> str:
    """Return a package's part of the lock, with its hashes.

    Raises:
        KeyError: it does not stand there.
    """
    lines = iter(lock.splitlines())
    for line in lines:
        if line.startswith(f"{name}=="):
            part = [line]
            while part[-1].endswith("\\"):
                part.append(next(lines))
            return "\n".join(part) + "\n"
    raise KeyError(name)


def install(python: Path, lock: Path, project: Path | None = None) -> str:
    """Install what a lock names, and the project itself, into the environment of ``python``; return by what.

    Raises:
        subprocess.CalledProcessError: pip could not do it either.
    """
    ours = ["--no-deps", "--no-build-isolation", "--editable", str(project)] if project else []
    try:
        _install_by_uv(python, lock, ours)
    except (Untranslatable, KeyError, subprocess.CalledProcessError) as error:
        print(f"uv is not used ({error}); pip installs.", file=sys.stderr)
    else:
        return "uv"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", str(lock)], check=True)
    if ours:
        subprocess.run([*pip, *ours], check=True)
    return "pip"


def _install_by_uv(python: Path, lock: Path, ours: list[str]) -> None:
    """Install uv by pip, as the lock names it, and everything by uv; credentials travel in variables, not in sight."""
    pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
    listing = subprocess.run([*pip, "config", "list"], check=True, capture_output=True, text=True).stdout
    environment = {**uv_variables(pip_options(listing)), **os.environ}  # who configured uv meant it
    with tempfile.TemporaryDirectory() as scratch:
        alone = Path(scratch) / "uv.lock"
        alone.write_text(locked("uv", lock.read_text("utf-8")), "utf-8")
        subprocess.run([*pip, "install", "--quiet", "--require-hashes", "-r", str(alone)], check=True)
    # Compiled now, by all cores: else every first start of every process pays for it.
    uv = [str(python), "-m", "uv", "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python)]
    subprocess.run([*uv, "--require-hashes", "-r", str(lock)], check=True, env=environment)
    if ours:
        subprocess.run([*uv, *ours], check=True, env=environment)


def main() -> int:
    """Make the environment again and return an exit status."""
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(ROOT / ".venv")], check=True)
        install(ROOT / ".venv" / "bin" / "python", LOCK, ROOT)
    except subprocess.CalledProcessError as error:
        return error.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
