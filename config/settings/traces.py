"""Traces and records of work done: who keeps them, and for how long."""

from .environment import env

#: "database" keeps spans in the table that the operator's pages draw; empty keeps none. Spans go to a collector as
#: well where OTEL_EXPORTER_OTLP_ENDPOINT names one; OpenTelemetry's own variables (OTEL_TRACES_SAMPLER, …) hold.
TRACE_STORE: str = env.str("FORKROAD_TRACES", default="")
OTLP_ENDPOINT: str = env.str("OTEL_EXPORTER_OTLP_ENDPOINT", default="")
#: Which process this is, to those who read a trace.
PART: str = env.str("FORKROAD_PART", default="forkroad")

#: Days after which records of received commands, and spans, are removed.
TASK_RUN_DAYS: float = env.float("FORKROAD_TASK_RUN_DAYS", default=14)
SPAN_DAYS: float = env.float("FORKROAD_SPAN_DAYS", default=2)
#: Rows of the outbox that may wait on a road, and seconds the oldest may wait, before an incident is opened.
OUTBOX_ROWS_LIMIT: int = env.int("FORKROAD_OUTBOX_ROWS_LIMIT", default=20_000)
OUTBOX_AGE_LIMIT: float = env.float("FORKROAD_OUTBOX_AGE_LIMIT", default=30)
#: Whoever sends this as a bearer token may read /metrics; empty lets operators alone.
METRICS_TOKEN: str = env.str("FORKROAD_METRICS_TOKEN", default="")
