"""A second node of a Ray that keeps to loopback; a program.

    python -m tests.chaos.node --address=127.0.0.1:PORT …      (the options of ``ray start``)

Ray takes loopback for the machine's address to the outside, where such a head does not listen.
"""

from __future__ import annotations

import sys

from ray._private import services
from ray.scripts.scripts import cli


def _as_it_is(host: str) -> str:
    return host


if __name__ == "__main__":
    services.resolve_ip_for_localhost = _as_it_is
    cli.main(["start", "--node-ip-address=127.0.0.1", "--block", "--disable-usage-stats", *sys.argv[1:]])
