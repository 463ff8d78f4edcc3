"""Who keeps the spans that end in this process. Imported only where somebody does."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from django.conf import settings
from django.db import DatabaseError, connection
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, StatusCode

from . import tracing
from .models import Span

logger = logging.getLogger(__name__)

#: Milliseconds that ended spans wait to be written together.
WRITE_EVERY = 1000


def provider() -> TracerProvider:
    """As the settings say; its threads write, so that no request or command waits for it.

    Raises:
        RuntimeError: a collector is named whose exporter is not installed.
    """
    made = TracerProvider(resource=Resource.create({"service.name": "forkroad", "service.instance.id": settings.PART}))
    if settings.TRACE_STORE:
        made.add_span_processor(BatchSpanProcessor(DatabaseExporter(), schedule_delay_millis=WRITE_EVERY))
    if settings.OTLP_ENDPOINT:
        made.add_span_processor(BatchSpanProcessor(collector()))
    return made


def collector() -> SpanExporter:
    """OpenTelemetry's own exporter, which reads its address and headers from OTEL_EXPORTER_OTLP_… itself."""
    try:
        module = importlib.import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    except ImportError as error:
        raise RuntimeError(
            "OTEL_EXPORTER_OTLP_ENDPOINT is set, but its exporter is missing: install the package"
            " opentelemetry-exporter-otlp-proto-http, or unset the variable."
        ) from error
    exporter: SpanExporter = module.OTLPSpanExporter()
    return exporter


class DatabaseExporter(SpanExporter):
    """Into the table of spans. A batch that cannot be written is lost: a trace is no promise.

    Requests that caused nothing are left out: most only tell where a courier is.
    """

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        rows = [_row(span) for span in spans if _matters(span)]
        if not rows:
            return SpanExportResult.SUCCESS
        try:
            Span.objects.bulk_create(rows)
        except DatabaseError as error:
            logger.debug("%d spans are lost: %s", len(rows), error)
            return SpanExportResult.FAILURE
        finally:
            # A connection kept for this alone would cost the server a process for each of ours.
            connection.close()
        return SpanExportResult.SUCCESS


def _matters(span: ReadableSpan) -> bool:
    caused = tracing.KEY in (span.attributes or {})
    return caused or span.kind is not SpanKind.SERVER or span.status.status_code is StatusCode.ERROR


def _row(span: ReadableSpan) -> Span:
    facts = dict(span.attributes or {})
    return Span(
        trace_id=f"{span.context.trace_id:032x}",
        span_id=f"{span.context.span_id:016x}",
        parent_id=f"{span.parent.span_id:016x}" if span.parent else "",
        name=span.name[:200],
        part=settings.PART[:60],
        key=str(facts.pop(tracing.KEY, ""))[:120],
        failed=span.status.status_code is StatusCode.ERROR,
        facts=facts,
        started_at=_moment(span.start_time),
        ended_at=_moment(span.end_time),
    )


def _moment(nanoseconds: int | None) -> datetime:
    return datetime.fromtimestamp((nanoseconds or 0) / 1e9, UTC)
