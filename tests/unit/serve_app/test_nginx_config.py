"""The sample configuration of nginx holds the limits that the service leaves to it."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from moments_ray.http.tus import UPLOADS_PATH
from moments_ray.library.resumable import PART_BYTES
from moments_ray.moments.api.adding import UPLOAD_PATH, body_limit
from moments_ray.settings import DownloadSettings, Settings
from moments_ray.video_jobs.api.uploads import UPLOAD_PATH as JOB_UPLOAD_PATH
from moments_ray.video_jobs.api.uploads import body_limits

CONFIG = Path(__file__).parents[3] / "deploy" / "nginx.conf"
MEBIBYTE = 1024**2


def blocks(text: str) -> dict[str, dict[str, str]]:
    """Return the directives of each block, by the block's head, and fail where braces or semicolons are missing."""
    found: dict[str, dict[str, str]] = {"": {}}
    opened, words = [""], ""
    # Quotes hold nothing here that the configuration parts by; braces are in no argument.
    for token in re.split(r"([{};])", re.sub(r"#[^\n]*", "", text)):
        if token == "{":
            opened.append(" ".join(words.split()))
            found.setdefault(opened[-1], {})
        elif token == "}":
            assert not words.strip(), f"a semicolon is missing after {words.strip()!r}"
            opened.pop()
            assert opened, "a brace is closed that was not opened"
        elif token == ";":
            name, _, value = " ".join(words.split()).partition(" ")
            assert name, "a directive without a name"
            found[opened[-1]][name] = value
        words = "" if token in {"{", "}", ";"} else token
    assert opened == [""], f"{opened[-1]!r} is not closed"
    return found


@pytest.fixture(scope="module")
def config() -> dict[str, dict[str, str]]:
    return blocks(CONFIG.read_text("utf-8"))


def test_slow_and_idle_connections_are_closed(config: dict[str, dict[str, str]]) -> None:
    http = config["http"]
    timeouts = ("client_header_timeout", "client_body_timeout", "send_timeout", "keepalive_timeout")
    assert all(0 < int(http[name].removesuffix("s")) <= 60 for name in timeouts)
    assert config["server"]["limit_conn"] == "addresses 64"
    assert http["limit_conn_status"] == "429"


def test_bodies_are_limited_as_the_service_limits_them(config: dict[str, dict[str, str]]) -> None:
    assert config["http"]["client_max_body_size"] == "1m"
    for limit in (body_limit(DownloadSettings()), *body_limits(DownloadSettings())):
        form = config[f"location = {limit.path}"]
        allowed = int(form["client_max_body_size"].removesuffix("m")) * MEBIBYTE
        assert limit.bytes <= allowed <= limit.bytes + MEBIBYTE
    for path in (UPLOAD_PATH, JOB_UPLOAD_PATH):
        assert config[f"location = {path}"]["proxy_request_buffering"] == "off"
    parts = config[f"location {UPLOADS_PATH}"]
    assert parts["client_max_body_size"] == f"{PART_BYTES // MEBIBYTE}m"
    assert int(parts["proxy_read_timeout"].removesuffix("s")) >= 600


def test_streams_are_passed_on_at_once_and_sockets_are_upgraded(config: dict[str, dict[str, str]]) -> None:
    (events,) = (name for name in config if "events$" in name)
    for path in ("/api/runs/5e8d9d5e-6c0e/events", "/api/v1/jobs/5e8d9d5e-6c0e/events"):
        assert re.search(events.removeprefix("location ~ "), path)
    assert config[events]["proxy_buffering"] == config["location /ws"]["proxy_buffering"] == "off"
    text = CONFIG.read_text("utf-8")
    assert "proxy_set_header Upgrade $http_upgrade;" in text
    assert "proxy_set_header Connection $connection_upgrade;" in text


def test_requests_go_to_the_service_and_say_whom_they_are_for(config: dict[str, dict[str, str]]) -> None:
    assert config["upstream moments"]["server"] == f"127.0.0.1:{Settings.model_fields['backend_port'].default}"
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in CONFIG.read_text("utf-8")
    locations = [directives for name, directives in config.items() if name.startswith("location")]
    assert {directives["proxy_pass"] for directives in locations} == {"http://moments"}


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not on this machine")
def test_nginx_takes_it(tmp_path: Path) -> None:
    certificate(tmp_path)
    program = shutil.which("nginx") or ""
    text = CONFIG.read_text("utf-8").replace("/etc/ssl/moments", str(tmp_path)).replace("include mime.types;", "")
    (tmp_path / "nginx.conf").write_text(f"pid {tmp_path}/pid; error_log {tmp_path}/log;\n{text}", "utf-8")
    command = [program, "-t", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr


def certificate(directory: Path) -> None:
    """Write a certificate that its own key signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "moments.example.org")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    signed = made.not_valid_before(now).not_valid_after(now + timedelta(days=1)).sign(key, hashes.SHA256())
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (directory / "fullchain.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    (directory / "privkey.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))
