"""What is installed is what the lock names, from where pip is configured to look, by uv or else by pip."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest

from environment import LOCK, ROOT, Untranslatable, install, locked, pip_options, uv_variables


def test_uv_goes_where_pip_is_sent() -> None:
    listing = r"""
:env:.find-links='/opt/wheels /opt/more'
:env:.config-file='/etc/pip.conf'
global.index-url='https://somebody:secret@mirror.example/simple'
global.extra-index-url='\nhttps://one.example/simple\nhttps://two.example/simple'
global.find-links='/not/this'
global.timeout='5'
install.timeout='7'
install.trusted-host='mirror.example'
freeze.timeout='11'
global.no-index='false'
global.constraint='/etc/constraints.txt'
global.disable-pip-version-check='1'
"""
    assert uv_variables(pip_options(listing)) == {
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_DEFAULT_INDEX": "https://somebody:secret@mirror.example/simple",
        "UV_INDEX": "https://one.example/simple https://two.example/simple",
        "UV_FIND_LINKS": "/opt/wheels,/opt/more",
        "UV_HTTP_TIMEOUT": "7",
        "UV_INSECURE_HOST": "mirror.example",
    }


def test_what_uv_cannot_be_told_is_left_to_pip() -> None:
    with pytest.raises(Untranslatable, match="keyring-provider"):
        uv_variables(pip_options("global.keyring-provider='subprocess'"))


def test_the_lock_holds_the_uv_that_installs_it_with_hashes() -> None:
    part = locked("uv", LOCK.read_text("utf-8"))
    assert re.match(r"uv==[0-9.]+ \\\n(    --hash=sha256:[0-9a-f]{64} \\\n)+    --hash=sha256:[0-9a-f]{64}\n$", part)
    with pytest.raises(KeyError):
        locked("u", LOCK.read_text("utf-8"))


def test_the_makefile_lets_through_the_pythons_that_the_project_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    makefile = (ROOT / "Makefile").read_text("utf-8")
    low, high = re.search(r"\((3, \d+)\) <= sys\.version_info\[:2\] <= \((3, \d+)\)", makefile).groups()  # type: ignore[union-attr]
    assert project["requires-python"] == f">=3.{low[3:]},<3.{int(high[3:]) + 1}"


@pytest.mark.parametrize("said", ["3.10", "3.15", "2.7"])
def test_make_refuses_another_python_before_it_installs_anything(said: str, tmp_path: Path) -> None:
    python = tmp_path / "python"
    major, minor = said.split(".")
    python.write_text(
        f"#!{sys.executable}\nimport sys\nsys.version_info = ({major}, {minor}, 1)\nexec(sys.argv[2])\n", "utf-8"
    )
    python.chmod(0o755)
    (tmp_path / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
    for name in ("requirements.lock", "pyproject.toml", "environment.py"):
        (tmp_path / name).touch()
    done = subprocess.run(
        ["make", "demo", f"PYTHON={python}"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert f"needs Python 3.11 to 3.14, and {python} is {said}. " in done.stderr
    assert "make demo PYTHON=python3.13" in done.stderr
    assert not (tmp_path / ".venv").exists()


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A wheel in a folder of its own, of a package that no index has."""
    path = tmp_path / "links" / "moments_probe-1.0-py3-none-any.whl"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("moments_probe.py", "WORD = 'installed'\n")
        file.writestr(
            "moments_probe-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: moments-probe\nVersion: 1.0\n"
        )
        file.writestr(
            "moments_probe-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr("moments_probe-1.0.dist-info/RECORD", "")
    return path


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """An environment of its own with pip and the uv of the lock, which no index is asked for."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True)
    (packages,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    ours = Path(pytest.__file__).parents[1]
    for part in (ours / "pip", *ours.glob("pip-*.dist-info"), ours / "uv", *ours.glob("uv-*.dist-info")):
        (packages / part.name).symlink_to(part)
    binaries = tmp_path / "venv" / "bin"
    (binaries / "uv").symlink_to(Path(sysconfig.get_path("scripts")) / "uv")
    return binaries / "python"


def lock_of(wheel: Path, digest: str = "") -> Path:
    lock = wheel.parents[1] / "requirements.lock"
    digest = digest or hashlib.sha256(wheel.read_bytes()).hexdigest()
    probe = f"moments-probe==1.0 \\\n    --hash=sha256:{digest}\n"
    lock.write_text(probe + locked("uv", LOCK.read_text("utf-8")), "utf-8")
    return lock


def installed(python: Path) -> str:
    code = "import moments_probe; print(moments_probe.WORD)"
    return subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=False).stdout.strip()


@pytest.fixture(autouse=True)
def no_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have pip configured by a file alone, with links for an index."""
    for name in ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CONSTRAINT"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "pip.conf").write_text(f"[global]\nno-index = true\nfind-links = {tmp_path / 'links'}\n", "utf-8")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))


def test_uv_installs_from_where_pip_is_configured(python: Path, wheel: Path) -> None:
    assert install(python, lock_of(wheel)) == "uv"
    assert installed(python) == "installed"


def test_pip_installs_where_its_configuration_has_no_counterpart(
    python: Path, wheel: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PIP_PREFER_BINARY", "1")
    assert install(python, lock_of(wheel)) == "pip"
    assert installed(python) == "installed"
    assert "`prefer-binary`" in capsys.readouterr().err


def test_nothing_is_installed_whose_hash_is_another(python: Path, wheel: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        install(python, lock_of(wheel, "0" * 64))
    assert installed(python) == ""
