"""Which packages of ``requirements.lock`` have no wheel: for every Python and every kind of machine we name.

    python -m benchmarks.wheels

Asks the package index once for each locked package, through ``uv``, and downloads nothing. What is missing here is
built from source where it is installed, which takes a compiler.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from packaging.markers import Marker
from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms
from packaging.utils import parse_wheel_filename

LOCK = Path(__file__).parents[1] / "requirements.lock"
PYTHONS = ((3, 11), (3, 12), (3, 13), (3, 14))
_GLIBC = 28  # Debian 10, RHEL 8: the oldest that our servers' wheels run on


def _glibc(machine: str) -> list[str]:
    """Return the platforms whose wheels a Linux of that machine and of glibc 2.28 takes, the best first."""
    return [
        *(f"manylinux_2_{minor}_{machine}" for minor in range(_GLIBC, 4, -1)),
        *(f"manylinux{name}_{machine}" for name in ("2014", "2010", "1")),
    ]


# What a marker asks for, and the platforms of the wheels it takes.
PLATFORMS: Mapping[str, tuple[str, str, list[str]]] = {
    "Linux x86_64": ("linux", "x86_64", _glibc("x86_64")),
    "Linux aarch64": ("linux", "aarch64", _glibc("aarch64")),
    "macOS 14 arm64": ("darwin", "arm64", list(mac_platforms((14, 0), "arm64"))),
    "macOS 14 x86_64": ("darwin", "x86_64", list(mac_platforms((14, 0), "x86_64"))),
}


def locked() -> list[dict[str, Any]]:
    """Return the locked packages with all their files, as the index names them.

    Raises:
        subprocess.CalledProcessError: the index does not have what the lock names.
    """
    with tempfile.TemporaryDirectory() as scratch:
        listing = Path(scratch) / "pylock.toml"
        subprocess.run(
            [
                *(sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--no-deps"),
                *("--python-version", "3.11", "--format", "pylock.toml", str(LOCK), "-o", str(listing)),
            ],
            check=True,
        )
        packages: list[dict[str, Any]] = tomllib.loads(listing.read_text("utf-8"))["packages"]
    return packages


def lacking(packages: Iterable[Mapping[str, Any]], python: tuple[int, int], platform: str) -> list[str]:
    """Return which of the packages that this Python and platform ask for have no wheel for them."""
    system, machine, platforms = PLATFORMS[platform]
    release = f"{python[0]}.{python[1]}"
    environment = {
        "sys_platform": system,
        "platform_machine": machine,
        "os_name": "posix",
        "platform_system": "Darwin" if system == "darwin" else "Linux",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "python_version": release,
        "python_full_version": f"{release}.0",
    }
    taken = {
        *cpython_tags(python, platforms=platforms),
        *compatible_tags(python, interpreter=f"cp{python[0]}{python[1]}", platforms=platforms),
    }
    return [
        f"{package['name']} {package['version']}"
        for package in packages
        if ("marker" not in package or Marker(package["marker"]).evaluate(environment))
        and not any(taken & _tags(wheel) for wheel in package.get("wheels", ()))
    ]


def _tags(wheel: Mapping[str, Any]) -> frozenset[Tag]:
    name: str = wheel.get("name") or wheel["url"].rpartition("/")[2]
    return parse_wheel_filename(name)[3]


def main() -> None:
    """Print a line for every Python and platform."""
    packages = locked()
    print(f"{len(packages)} locked packages; without a wheel:")
    for platform in PLATFORMS:
        for python in PYTHONS:
            missing = lacking(packages, python, platform)
            print(f"  {platform:16} Python {python[0]}.{python[1]:<3} {', '.join(missing) or 'none'}")


if __name__ == "__main__":
    main()
