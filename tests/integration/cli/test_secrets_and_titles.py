"""A whole run under a hostile title, on a server that holds secrets: that is in no argument, these are in no log."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from moments_ray.testing.media import run_ffmpeg
from tests.integration.cli.living_server import LivingServer, command, environment, living_server
from tests.ray.talk import make_talk

_MARK = "zz-marked"
_TITLE = f"{_MARK} ../../etc/passwd -i '; rm -rf $(x) `x` %(ext)s :drawtext=\\\" 名 \u202e.exe"
_RUN_SECONDS = 150.0  # alone it takes about ten
_NAME = re.compile(r"[A-Za-z0-9/_.-]+")

_MODEL_KEY = "canary-model-3f9a1c"
_CALLERS_KEY = "canary-caller-77b0de"
_WEBHOOK = base64.b64encode(b"canary webhook secret of 32 byte").decode()
_CONFIGURED = {
    "MOMENTS_MODELS__API_KEYS": f'{{"minimax": "{_MODEL_KEY}"}}',
    "MOMENTS_WEBHOOK_SECRET": f"whsec_{_WEBHOOK}",
    "MOMENTS_API_KEY": _CALLERS_KEY,
    "MOMENTS_LOG_LEVEL": "DEBUG",
}


class Onlooker:
    """Looks at the arguments of every process of the machine, again and again."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Onlooker:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.03):
            for process in Path("/proc").iterdir():
                if process.name.isdecimal():
                    with suppress(OSError):
                        self.seen.add((process / "cmdline").read_text(errors="replace"))


@pytest.fixture
def server() -> Iterator[LivingServer]:
    with (
        tempfile.TemporaryDirectory(prefix="up-", dir="/tmp") as directory,
        living_server(Path(directory) / "h", **_CONFIGURED) as up,
    ):
        yield up


@pytest.fixture
def spoken(tmp_path: Path) -> bytes:
    """A talk that carries its own captions."""
    talk = make_talk(tmp_path)
    path = tmp_path / "spoken.mp4"
    run_ffmpeg(["-i", talk.path, "-i", talk.captions, "-c", "copy", "-c:s", "mov_text", path])
    return path.read_bytes()


def made_key(server: LivingServer) -> str:
    arguments = command("keys", "create", "--name", _MARK, "--scope", "admin")
    made = subprocess.run(
        arguments, env=environment(server.home), cwd="/tmp", capture_output=True, text=True, timeout=100, check=True
    )
    return made.stdout.strip()


def verdict(client: httpx.Client, run: str) -> str:
    deadline = time.monotonic() + _RUN_SECONDS
    while (status := client.get(f"/api/runs/{run}").json()["status"]) in {"queued", "processing"}:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return str(status)


def logs(server: LivingServer) -> dict[Path, str]:
    """Everything that the server and what it started wrote down for people."""
    ray = [path for path in Path("/tmp").glob(f"moments-ray-{server.process.pid}-*") if path.is_dir()]
    assert ray
    written = [path for root in ray for path in root.rglob("logs/**/*") if path.is_file()]
    written += server.home.rglob("*.log")
    found = {path: path.read_text(errors="replace") for path in written if not path.is_symlink()}
    return {**found, Path("stdout and stderr"): server.said}


@pytest.mark.timeout(400)
def test_a_title_is_in_no_argument_and_no_name_and_a_secret_is_in_no_log(server: LivingServer, spoken: bytes) -> None:
    key = made_key(server)
    authorized = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=server.url, trust_env=False, headers=authorized, timeout=60) as client:
        with Onlooker() as onlooker:
            options = json.dumps({"min_seconds": 6, "max_seconds": 20})
            form = {"title": _TITLE, "process": "true", "options": options}
            started = client.post("/api/videos/upload", data=form, files={"file": (f"{_MARK}.mp4", spoken)})
            assert started.status_code == 202, started.text
            video, run = started.json()["video"], started.json()["run"]
            assert verdict(client, run["identifier"]) == "completed"
        assert _MARK in client.get(f"/api/videos/{video['identifier']}").json()["title"]
        moments = client.get(f"/api/videos/{video['identifier']}/moments").json()["items"]
        assert moments
        link = client.get(f"/api/videos/{video['identifier']}/stream?redirect=false").json()["url"]
        assert httpx.get(link, trust_env=False).status_code == 200
        assert client.get("/api/videos", headers={"Authorization": f"Bearer {key}x"}).status_code == 401

    assert any("ffmpeg" in arguments for arguments in onlooker.seen)
    assert [arguments for arguments in onlooker.seen if _MARK in arguments and "keys" not in arguments] == []
    store = server.home / "store"
    names = [str(path.relative_to(store)) for path in store.rglob("*")]
    assert any("/clips/" in name for name in names)
    assert [name for name in names if not _NAME.fullmatch(name)] == []

    signatures = [value for values in parse_qs(urlsplit(link).query).values() for value in values if len(value) > 20]
    assert signatures
    written = logs(server)
    assert len(written) > 10
    for secret in (key, _MODEL_KEY, _CALLERS_KEY, _WEBHOOK, *signatures):
        assert [str(path) for path, text in written.items() if secret in text] == [], secret[:6]
