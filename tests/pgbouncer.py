"""A real PgBouncer with the repository's configuration, before a server of the tests."""

from __future__ import annotations

import configparser
import contextlib
import io
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

CONFIG = Path(__file__).parents[1] / "deploy" / "pgbouncer.ini"


def _config(server: Path, directory: Path, own: dict[str, str]) -> str:
    """Return the configuration with what a test has of its own: sockets, a trusted user, and more."""
    found = configparser.ConfigParser(comment_prefixes=";")
    found.read(CONFIG, "utf-8")
    found["databases"] = {"*": f"host={server} port=5432 user=moments"}
    found["pgbouncer"].update(
        {"listen_addr": "", "unix_socket_dir": str(directory), "auth_type": "any", "auth_file": "", **own}
    )
    text = io.StringIO()
    found.write(text)
    return text.getvalue()


@contextlib.contextmanager
def pgbouncer(server: Path, program: str, **own: str) -> Iterator[Path]:
    """Run one before the PostgreSQL whose sockets are in ``server``; give the directory of its socket and ``log``."""
    directory = Path("/tmp") / f"bouncer-{uuid.uuid4().hex[:8]}"  # a socket's path is short
    directory.mkdir(mode=0o755)
    file = directory / "pgbouncer.ini"
    file.write_text(_config(server, directory, own), "utf-8")
    owner: list[str] = []
    if os.geteuid() == 0:  # it refuses to run as root; the server's own account reaches the server's socket
        account = (server / ".s.PGSQL.5432").stat()
        os.chown(directory, account.st_uid, account.st_gid)
        owner = ["setpriv", f"--reuid={account.st_uid}", f"--regid={account.st_gid}", "--clear-groups", "--"]
    log = directory / "log"
    with log.open("wb") as out, subprocess.Popen([*owner, program, str(file)], stdout=out, stderr=out) as process:
        try:
            yield directory
        finally:
            process.terminate()
    shutil.rmtree(directory)
