"""Model calls through the Serve clients: one handle a process, cancelled with the caller, retried on a full queue."""

from __future__ import annotations

import asyncio
import random
import time
from typing import Any

import ray
import structlog
from ray import serve
from ray.serve.exceptions import BackPressureError, RayServeException
from ray.serve.handle import DeploymentHandle

from moments_ray.errors import ModelBusy, ModelUnavailable, MomentsError
from moments_ray.models.roles import Call, Role

log = structlog.get_logger()

_RETRY_SECONDS = 10.0
_TIMEOUT_SECONDS = (0.2, 1.0)

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
            self._handles[name] = await asyncio.to_thread(serve.get_deployment_handle, name, name)
        except (RayServeException, ray.exceptions.RayError) as error:
            self._missing_since[name] = time.monotonic()
            log.info("models.no_serve_client", role=name, reason=str(error)[:200])
            return False
        return True

    async def call(self, call: Call, timeout: float) -> Any:
        """Call a deployment and return what it gives.

        Raises:
            ModelBusy: the queue was full for all of ``timeout`` seconds.
            ModelUnavailable: the deployment went away.
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
                if time.monotonic() + _TIMEOUT_SECONDS[1] > deadline:
                    raise ModelBusy(f"{key} has more to do than fits its queue.") from error
                await asyncio.sleep(random.uniform(*_TIMEOUT_SECONDS))  # noqa: S311 - jitter
            except ray.exceptions.RayTaskError as error:
                if isinstance(error.cause, MomentsError):
                    raise error.cause from None
                raise
            except (RayServeException, ray.exceptions.RayError) as error:
                self._forget(call.role)
                reason = f"the {call.role} client went away ({type(error).__name__})"
                raise ModelUnavailable(f"{key} cannot be asked: {reason}") from error

    def _forget(self, role: Role) -> None:
        self._handles.pop(role.name, None)
        self._configured = {key: handle for key, handle in self._configured.items() if key[0] != role.name}
