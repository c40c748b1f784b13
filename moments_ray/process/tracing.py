"""One trace a run, whichever processes work on it: the run's identifier is the trace's, so nothing is handed on.

Spans go to an OpenTelemetry collector where the operator named one, and nowhere else. What is done for a run is logged
with the run, the stage and the node in either case.
"""

from __future__ import annotations

import contextlib
import os
import platform
import time
import uuid
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import datetime

import structlog
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, Status, StatusCode, TraceFlags

from moments_ray.errors import InvalidRequest

_TRACER = "moments_ray"
_EXPORT_MILLISECONDS = 2000  # a stage's process may be ended whenever it has nothing to do

_whole: ContextVar[SpanContext | None] = ContextVar("whole", default=None)
_exporting_to: list[str] = []


def export_traces(url: str | None) -> None:
    """Have this process send its spans to a collector's OTLP/HTTP address; calling it again changes nothing.

    Raises:
        InvalidRequest: what sends them is not installed.
    """
    if url is None or _exporting_to:
        return
    try:
        # Half a second, which only those pay who want traces.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        from opentelemetry.sdk.trace.id_generator import RandomIdGenerator  # noqa: PLC0415
    except ImportError as error:
        raise InvalidRequest(
            "MOMENTS_TRACES_URL wants the extra `tracing`: pip install 'moments-ray[tracing]', or unset it."
        ) from error

    class Identifiers(RandomIdGenerator):
        """Random ones, but for the span of a whole run, whose own every process knows."""

        def generate_span_id(self) -> int:
            known = _whole.get()
            return super().generate_span_id() if known is None else known.span_id

        def generate_trace_id(self) -> int:
            known = _whole.get()
            return super().generate_trace_id() if known is None else known.trace_id

    resource = Resource.create({"service.name": "moments", "host.name": platform.node(), "process.pid": os.getpid()})
    provider = TracerProvider(resource=resource, id_generator=Identifiers())
    exporter = OTLPSpanExporter(endpoint=url)
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=_EXPORT_MILLISECONDS))
    trace.set_tracer_provider(provider)
    _exporting_to.append(url)


@contextlib.contextmanager
def working_on(run: str, name: str, **attributes: str | int) -> Iterator[None]:
    """Do something for a run: a span of its trace, and words of its log lines; ``attributes`` are of both."""
    words = {"run": run, "node": platform.node(), **attributes}
    with structlog.contextvars.bound_contextvars(**words):
        if not _exporting_to:  # a span that nobody gets would be a good part of what a short stage costs
            yield
            return
        parent = trace.set_span_in_context(NonRecordingSpan(_identity(run)), Context())
        tracer = trace.get_tracer(_TRACER)
        with tracer.start_as_current_span(
            name, context=parent, attributes={f"moments.{key}": value for key, value in words.items()}
        ):
            yield


def trace_whole_run(run: str, pipeline: str, began: datetime, status: str, *, failed: bool) -> None:
    """Write the span that all others of a run are below, now that the run is over."""
    if not _exporting_to:
        return
    reset = _whole.set(_identity(run))
    try:
        attributes = {"moments.run": run, "moments.status": status}
        span = trace.get_tracer(_TRACER).start_span(
            pipeline, context=Context(), start_time=int(began.timestamp() * 1e9), attributes=attributes
        )
        if failed:
            span.set_status(Status(StatusCode.ERROR))
        span.end(time.time_ns())
    finally:
        _whole.reset(reset)


def _identity(run: str) -> SpanContext:
    """Return the trace of a run, and the span of the whole of it: both are made of its identifier."""
    number = uuid.UUID(run).int
    return SpanContext(number, number & (2**64 - 1), is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
