"""Ray: joining a cluster, or running one of our own that keeps to this machine and leaves nothing behind."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import ray
from ray._private import ray_constants
from ray._private import services as ray_services
from ray._private import worker as ray_worker
from ray._private.authentication.authentication_token_setup import maybe_enable_token_auth_if_token_available
from ray._private.node import Node as RayNode

from moments_ray.errors import InvalidRequest, RayUnavailable
from moments_ray.runtime.nodes import custom_resources, node_offer
from moments_ray.runtime.ray_directory import MARK, make_directory, remove_traces
from moments_ray.runtime.ray_token import make_token, token_path
from moments_ray.settings import Settings

_OBJECT_STORE_BYTES = 256 * 1024**2  # rows of a fan-out are a few hundred bytes; media never passes through it
_LOOPBACK = "127.0.0.1"
_JOIN_SECONDS = 5.0
# What a Ray of one node does on the clock, less often: at rest this is most of what `moments up` costs.
_SELDOM = {
    "RAY_SERVE_CONTROL_LOOP_INTERVAL_S": "0.5",  # looks at four deployments, else ten times a second
    "RAY_memory_monitor_refresh_ms": "1000",  # reads the memory of every process
    "RAY_raylet_report_resources_period_milliseconds": "500",  # to the head, which is the same node
    "RAY_num_workers_soft_limit": "1",  # of idle processes, 150 MB each once they imported a stage
    "RAY_idle_worker_killing_time_threshold_ms": "60000",  # the next run finds them still there
}


@dataclass(frozen=True)
class Cluster:
    """The Ray that this process has joined; ``directory`` is that of one of our own.

    ``token_file`` guards one of our own, unless the operator does.
    """

    address: str
    dashboard_url: str | None = None
    token_file: Path | None = None
    directory: Path | None = None

    def lives(self) -> bool:
        """Tell whether a Ray of our own has its head, and one that was joined its part on this machine.

        Without them no call to Ray returns.
        """
        node = ray_worker._global_node  # noqa: SLF001 - nothing else knows
        if node is None:
            return True
        if self.directory is None:
            return _is_open(node.raylet_socket_name)
        return not {"gcs_server", "raylet"} & {name for name, _ in node.dead_processes()}

    def has_head(self) -> bool:
        """Tell whether somebody answers at the head's address: for a while nobody may, and a new head comes."""
        host, _, port = self.address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=1.0).close()
        except OSError:
            return False
        return True


@contextlib.contextmanager
def cluster(settings: Settings, *, dashboard: bool = False) -> Iterator[Cluster]:
    """Join the cluster of ``RAY_ADDRESS``, or run a Ray of our own until the block ends.

    A Ray of our own offers what ``cluster.yaml`` says of a node, keeps to loopback, asks everybody for the token in
    ``MOMENTS_HOME``, and leaves no other files behind. Its processes end with the thread that entered the block.

    Raises:
        InvalidRequest: ``RAY_ADDRESS`` is no address.
        RayUnavailable: there is no cluster at that address, or it does not let us in; or one of our own did not start.
    """
    logging.getLogger("ray").setLevel(logging.WARNING)
    logging.getLogger("ray._private.worker").setLevel(logging.ERROR)  # it warns outside of the main thread
    ray_worker._worker_logs_enabled = False  # noqa: SLF001 - or it tells of every death of a process on stdout
    if settings.ray_address is not None:
        with _joined(settings.ray_address, token_path(settings)) as joined:
            yield joined
        return
    directory, token_file = make_directory(), token_path(settings)
    if token_file is not None:
        make_token(token_file)
    try:
        seldom = {name: os.environ.get(name, value) for name, value in _SELDOM.items()}  # an operator's own stands
        with _on_loopback(token_file, {**seldom, MARK: str(directory)}), _without_monitors():
            try:
                context = ray.init(
                    address="local",
                    namespace="moments",
                    num_cpus=int(node_offer(settings)["CPU"]),
                    resources=custom_resources(settings),
                    include_dashboard=dashboard,
                    object_store_memory=_OBJECT_STORE_BYTES,
                    log_to_driver=False,
                    configure_logging=False,
                    _temp_dir=str(directory),
                    _node_ip_address=_LOOPBACK,
                    _metrics_export_port=settings.metrics_port,
                )
            except Exception as error:  # of many kinds: a plain Exception says that a node took half a minute
                reason = str(error).strip().split("\n")[0]
                raise RayUnavailable(
                    f"Ray did not start on this machine ({reason}): start again once it is less busy, "
                    "see that memory and the disk have room, and which variables RAY_* are set."
                ) from error
        url = f"http://{context.dashboard_url}" if context.dashboard_url else None
        yield Cluster(ray.get_runtime_context().gcs_address, url, token_file, directory)
    finally:
        ray.shutdown()
        remove_traces(directory)


@contextlib.contextmanager
def _joined(address: str, token_file: Path | None) -> Iterator[Cluster]:
    """Join a cluster; Ray itself would wait two minutes for one that is not there, and then end the process."""
    host, _, port = address.rpartition(":")
    if address != "auto" and not (host and port.isdecimal() and "/" not in host):
        raise InvalidRequest(f"RAY_ADDRESS={address} is not the address of a Ray cluster: write HOST:6379, or auto.")
    with contextlib.ExitStack() as joining:
        if address != "auto":
            try:
                socket.create_connection((host, int(port)), timeout=_JOIN_SECONDS).close()
            except OSError as error:
                raise RayUnavailable(
                    f"There is no Ray cluster at RAY_ADDRESS={address} ({error.strerror or error}): "
                    "start it, or unset RAY_ADDRESS."
                ) from error
            if _only_on_loopback(host, int(port)):
                joining.enter_context(_on_loopback(token_file if token_file and token_file.exists() else None, {}))
                maybe_enable_token_auth_if_token_available(warn_if_disabled=False)
        try:
            ray.init(address=address, namespace="moments", log_to_driver=False)
        except (OSError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
            ray.shutdown()
            reason = str(error).strip().split("\n")[0]
            raise RayUnavailable(
                f"The Ray cluster at RAY_ADDRESS={address} cannot be joined ({reason}): "
                "see that it runs our version of Ray, and set RAY_AUTH_MODE and RAY_AUTH_TOKEN_PATH if it has a token."
            ) from error
    try:
        yield Cluster(ray.get_runtime_context().gcs_address)
    finally:
        ray.shutdown()


def _is_open(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except OSError:
            return False
        return True


def _only_on_loopback(host: str, port: int) -> bool:
    """Tell whether a cluster is one like our own; Ray takes loopback for this machine's address to the outside."""
    outside = ray_services.resolve_ip_for_localhost(host)
    if outside == host:
        return False
    try:
        socket.create_connection((outside, port), timeout=_JOIN_SECONDS).close()
    except OSError:
        return True
    return False


@contextlib.contextmanager
def _without_monitors() -> Iterator[None]:
    """Have a Ray that this block starts do without two processes of 50 MB each, for which it has no option.

    One asks a cloud for nodes, the other sends lines of logs to drivers; the dashboard reads logs by itself.
    """
    kept = {name: getattr(RayNode, name) for name in ("start_monitor", "start_log_monitor")}
    for name in kept:
        setattr(RayNode, name, lambda _: None)
    try:
        yield
    finally:
        for name, method in kept.items():
            setattr(RayNode, name, method)


@contextlib.contextmanager
def _on_loopback(token_file: Path | None, more: Mapping[str, str]) -> Iterator[None]:
    """Have the Ray that this block starts or joins listen on loopback only, and ask for a token or give it.

    Ray takes both from the environment, which its processes inherit. That it would otherwise listen on every
    interface, whatever address it is given, was found with 2.60.
    """
    values = {ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR: "0", **more}
    if token_file is not None:
        values["RAY_AUTH_TOKEN_PATH"] = str(token_file)
    logging.getLogger("ray._private.authentication").setLevel(logging.ERROR)  # it warns that it asks for a token
    before = {name: os.environ.get(name) for name in (*values, "RAY_AUTH_MODE")}  # Ray writes the last itself
    os.environ.update(values)
    allowed, ray_constants.ENABLE_RAY_CLUSTER = ray_constants.ENABLE_RAY_CLUSTER, False
    try:
        yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = allowed
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
