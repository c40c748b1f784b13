"""Model calls through the Serve clients: one handle a process, cancelled with the caller, retried on a full queue."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

import ray
import structlog
from ray import serve
from ray.serve.context import _check_cached_client_alive
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError, RayServeException
from ray.serve.handle import DeploymentHandle
from ray.serve.schema import ApplicationStatus

from moments_ray.errors import ModelBusy, ModelUnavailable, MomentsError
from moments_ray.models.roles import Call, Role, RoleWithdrawn

log = structlog.get_logger()

_RETRY_SECONDS = 10.0
_PAUSE_SECONDS = (0.2, 1.0)

Handle = DeploymentHandle[Any]


class ServeClients:
    """The deployments of the cluster that this process has joined."""

    def __init__(self) -> None:
        self._handles: dict[str, Handle] = {}  # by the role's name, as what follows
        self._configured: dict[tuple[str, str, str], Handle] = {}
        self._missing_since: dict[str, float] = {}

    async def has(self, role: Role) -> bool:
        """Tell whether a role's deployment is there; that it is not is believed for some seconds."""
        name = role.name
        if name in self._handles:
            return True
        if time.monotonic() - self._missing_since.get(name, -_RETRY_SECONDS) < _RETRY_SECONDS:
            return False
        try:
            handle = await asyncio.to_thread(_handle_of, name)
        except (RayServeException, ray.exceptions.RayError) as error:
            log.info("models.serve_unavailable", role=name, reason=str(error)[:200])
            handle = None
        if handle is None:
            self._missing_since[name] = time.monotonic()
            return False
        self._handles[name] = handle
        return True

    async def call(self, call: Call, timeout: float) -> Any:
        """Call a deployment and return what it gives.

        Raises:
            RoleWithdrawn: the deployment is not there any more; nobody has seen the call.
            ModelBusy: the queue was full for all of ``timeout`` seconds.
            ModelUnavailable: the deployment went away while it had the call.
            MomentsError: what the client raised.
        """
        key = call.entry.key
        name = (call.role.name, call.method, key)
        if name not in self._configured:  # every handle.options() makes a router of its own
            handle = self._handles[call.role.name]
            self._configured[name] = handle.options(method_name=call.method, multiplexed_model_id=key)
        deadline = time.monotonic() + timeout
        while True:
            response = self._configured[name].remote(call.entry, call.what, max(0.1, deadline - time.monotonic()))
            try:
                return await response
            except asyncio.CancelledError:
                response.cancel()  # type: ignore[no-untyped-call]  # or Serve would work on for nobody
                raise
            except BackPressureError as error:
                if time.monotonic() + _PAUSE_SECONDS[1] > deadline:
                    raise ModelBusy(f"{key} has more to do than fits its queue.") from error
                await asyncio.sleep(random.uniform(*_PAUSE_SECONDS))  # noqa: S311 - jitter
            except ray.exceptions.RayTaskError as error:
                if isinstance(error.cause, MomentsError):
                    raise error.cause from None
                raise
            except DeploymentUnavailableError as error:
                self._forget(call.role)
                await asyncio.sleep(random.uniform(*_PAUSE_SECONDS))  # noqa: S311 - one that is deployed again comes back
                raise RoleWithdrawn from error
            except (RayServeException, ray.exceptions.RayError) as error:
                self._forget(call.role)
                reason = f"the {call.role} client went away ({type(error).__name__})"
                raise ModelUnavailable(f"{key} cannot be asked: {reason}") from error

    def _forget(self, role: Role) -> None:
        self._handles.pop(role.name, None)
        self._configured = {key: handle for key, handle in self._configured.items() if key[0] != role.name}


def _handle_of(name: str) -> Handle | None:
    """Return the handle of an application's deployment of the same name, or None where it is not deployed."""
    _check_cached_client_alive()  # Serve never asks its cached controller whether it lives, nor forgets a dead one
    found = serve.status().applications.get(name)
    if found is None or found.status == ApplicationStatus.DELETING:
        return None
    return serve.get_deployment_handle(name, name)
