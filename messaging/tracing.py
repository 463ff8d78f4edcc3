"""One trace from a request to the read models: across the outbox, SQS and Kafka, by W3C's `traceparent`.

The request's span is current while it writes its outbox rows, and they take its `traceparent` along: as a header of
the command, which the worker continues, and of the event, which each consumer group continues. The relay opens no span:
what lies between one span's end and the next one's start is its and the broker's time.

Without `start()` nothing is recorded and nothing costs: a `traceparent` that came with a request is still handed on.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from django.conf import settings
from django.db import transaction
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from .envelope import Envelope

tracer = trace.get_tracer("forkroad")

#: The attribute that names what a span is about: an order id, a zone, …
KEY = "forkroad.key"
#: Spans for one batch of a consumer group, at most. A batch that large is a backlog, and a span costs as much as
#: applying several events.
SPANS_A_BATCH = 20
#: Last digits of a `traceparent` whose trace is recorded: the lowest bit of its flags, beside which others may be set.
SAMPLED = frozenset("13579bdf")

_propagator = TraceContextTextMapPropagator()
_on = False


def start() -> None:
    """Record spans in this process, if the settings name anybody who keeps them. Call it once.

    Raises:
        RuntimeError: a collector is named whose exporter is not installed.
    """
    global _on
    if _on or not (settings.TRACE_STORE or settings.OTLP_ENDPOINT):
        return
    from .spans import provider

    trace.set_tracer_provider(provider())
    _on = True


def current() -> str:
    """The `traceparent` of what runs now; empty where nothing is traced."""
    if not trace.get_current_span().get_span_context().is_valid:
        return ""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier["traceparent"]


def note_key(key: str) -> None:
    """What is being done is about this key, if nothing was said of it yet: a request that places an order learns
    its number only then.
    """
    span = trace.get_current_span()
    if span.is_recording() and KEY not in (getattr(span, "attributes", None) or {}):
        span.set_attribute(KEY, key)


@contextlib.contextmanager
def continued(
    traceparent: str,
    name: str,
    *,
    kind: SpanKind,
    facts: Mapping[str, str | int] | None = None,
    also: Sequence[str] = (),
) -> Iterator[Span]:
    """A span under the one that `traceparent` names, or the first of a new trace; marked when the block raises.

    What is done for several at once is told in their traces `also`; what comes of it stands in the first alone.
    """
    if not _on and not traceparent:
        yield trace.INVALID_SPAN
        return
    began = time.time_ns()
    with tracer.start_as_current_span(
        name, context=_context(traceparent), kind=kind, attributes=facts, record_exception=False
    ) as span:
        try:
            yield span
        finally:
            _tell(also if _on else (), name, kind=kind, facts=facts, began=began)


def _tell(
    traceparents: Sequence[str], name: str, *, kind: SpanKind, facts: Mapping[str, str | int] | None, began: int
) -> None:
    """A span that lasted from `began` (ns, wall) until now, in each of these traces that is recorded."""
    ended = time.time_ns()
    for each in traceparents:
        if each[-1:] in SAMPLED:
            tracer.start_span(name, context=_context(each), kind=kind, attributes=facts, start_time=began).end(ended)


def follow(group: str, events: Sequence[Envelope], *, began: int) -> None:
    """Once the batch is committed, a span for each of its first events: `began` (ns, wall) to the commit."""
    if _on and events:
        transaction.on_commit(partial(_follow, group, events[:SPANS_A_BATCH], began))


def _follow(group: str, events: Sequence[Envelope], began: int) -> None:
    ended = time.time_ns()
    for event in events:
        if event.traceparent[-1:] in SAMPLED:
            facts: dict[str, str | int] = {
                KEY: event.key,
                "topic": event.topic,
                "partition": event.partition,
                "offset": event.offset,
            }
            name = f"{group} applies {event.type}"
            tracer.start_span(
                name, context=_context(event.traceparent), kind=SpanKind.CONSUMER, attributes=facts, start_time=began
            ).end(ended)


def failed(span: Span, error: str) -> None:
    span.set_status(Status(StatusCode.ERROR, error))


def _context(traceparent: str) -> Context:
    # Never the current one: a worker's thread, or a test's, must not lend its own trace to what it merely receives.
    nowhere = trace.set_span_in_context(NonRecordingSpan(trace.INVALID_SPAN_CONTEXT), Context())
    return _propagator.extract({"traceparent": traceparent}, nowhere) if traceparent else nowhere
