"""The roads in the admin: to look at, and to settle what is stuck (see `settling.py`). Nothing can be edited."""

from __future__ import annotations

from django.contrib import admin

from . import settling
from .admin_base import RecordAdmin, RecordInline, as_text, pill
from .confirming import Settled
from .models import (
    ComparisonRun,
    DeadLetter,
    Generation,
    Incident,
    IncidentStep,
    OutboxRow,
    ParkedRecord,
    ScalingSample,
    Span,
    StoredOffset,
    StreamSequence,
    TaskRun,
)

LETTERS = {"open": "bad", "redriven": "good", "discarded": "plain"}
OUTCOMES = {"running": "wait", "succeeded": "good", "failed": "bad"}
GENERATIONS = {"live": "good", "building": "work", "retired": "plain"}


@admin.register(OutboxRow)
class OutboxRowAdmin(Settled, RecordAdmin):
    list_display = [
        "id",
        "road",
        "shard",
        "type",
        "key",
        "sequence",
        "recorded_at",
        "attempts",
        "held",
        "next_try_at",
        "last_error",
    ]
    actions = [settling.retry_rows, settling.discard_rows]
    list_filter = ["road", "blocked", "shard", "destination", "type"]
    search_fields = ["=key", "=message_id"]
    search_help_text = "A whole key (an order's id, a zone) or a message's id."
    exclude = ["payload"]
    readonly_fields = ["content"]
    ordering = ["id"]

    @admin.display
    def content(self, row: OutboxRow) -> str:
        return as_text(row.payload)

    @admin.display(description="state", ordering="blocked")
    def held(self, row: OutboxRow) -> str:
        if row.blocked:
            return pill("blocked", "bad")
        return pill("waits to try again", "work") if row.next_try_at else pill("on its way")


@admin.register(DeadLetter)
class DeadLetterAdmin(Settled, RecordAdmin):
    list_display = ["arrived_at", "road", "source", "group", "type", "key", "receive_count", "settled", "error"]
    actions = [settling.redrive_letters, settling.discard_letters]
    list_filter = ["state", "road", "source", "group", "type"]
    search_fields = ["=key", "=message_id", "error"]
    search_help_text = "A whole key or message id, or words of the error."
    date_hierarchy = "arrived_at"
    exclude = ["body"]
    readonly_fields = ["content"]
    ordering = ["-id"]

    @admin.display
    def content(self, letter: DeadLetter) -> str:
        return as_text(letter.body)

    @admin.display(description="state", ordering="state")
    def settled(self, letter: DeadLetter) -> str:
        return pill(letter.get_state_display(), LETTERS[letter.state])


class StepInline(RecordInline):
    model = IncidentStep
    fields = ["task", "moment", "state", "outcome", "made_at", "done_at"]


@admin.register(Incident)
class IncidentAdmin(Settled, RecordAdmin):
    list_display = ["opened_at", "how_bad", "kind", "subject", "message", "acknowledged_at", "resolved_at"]
    list_filter = [
        ("resolved_at", admin.EmptyFieldListFilter),
        ("acknowledged_at", admin.EmptyFieldListFilter),
        "severity",
        "kind",
    ]
    actions = [settling.acknowledge_incidents, settling.resolve_incidents]
    search_fields = ["=subject", "message"]
    date_hierarchy = "opened_at"
    ordering = ["-id"]
    inlines = [StepInline]

    @admin.display(description="severity", ordering="severity")
    def how_bad(self, incident: Incident) -> str:
        return pill(incident.get_severity_display(), "bad" if incident.severity == "critical" else "work")


@admin.register(TaskRun)
class TaskRunAdmin(RecordAdmin):
    list_display = ["started_at", "task", "key", "receive_count", "came_out", "worker", "finished_at", "error"]
    list_filter = ["outcome", "queue", "task"]
    search_fields = ["=key", "=task_id"]
    search_help_text = "A whole key or task id."
    ordering = ["-id"]

    @admin.display(description="outcome", ordering="outcome")
    def came_out(self, run: TaskRun) -> str:
        return pill(run.get_outcome_display(), OUTCOMES[run.outcome])


@admin.register(Generation)
class GenerationAdmin(RecordAdmin):
    list_display = ["group", "number", "stage", "started_at", "live_at"]
    list_filter = ["state", "group"]
    search_fields = ["group"]
    ordering = ["group", "-number"]

    @admin.display(description="state", ordering="state")
    def stage(self, generation: Generation) -> str:
        return pill(generation.get_state_display(), GENERATIONS[generation.state])


@admin.register(StoredOffset)
class StoredOffsetAdmin(RecordAdmin):
    list_display = ["group", "generation", "topic", "partition", "position", "events_applied", "updated_at"]
    list_filter = ["group", "topic"]
    search_fields = ["group", "topic"]
    ordering = ["group", "generation", "topic", "partition"]


@admin.register(StreamSequence)
class StreamSequenceAdmin(RecordAdmin):
    """A row for every key of every group: found by its key, never leafed through by filters."""

    list_display = ["group", "generation", "topic", "key", "last_sequence"]
    list_filter = ["group"]
    search_fields = ["=key"]
    search_help_text = "A whole key: an order's id, a courier's or restaurant's number."
    ordering = ["-id"]


@admin.register(ParkedRecord)
class ParkedRecordAdmin(Settled, RecordAdmin):
    list_display = ["parked_at", "group", "topic", "partition", "offset", "key", "sequence", "reason"]
    actions = [settling.redrive_records, settling.discard_records]
    list_filter = ["group", "topic"]
    search_fields = ["=key"]
    search_help_text = "A whole key."
    exclude = ["value"]
    readonly_fields = ["content"]
    ordering = ["group", "topic", "partition", "offset"]

    @admin.display
    def content(self, record: ParkedRecord) -> str:
        return as_text(record.value)


@admin.register(Span)
class SpanAdmin(RecordAdmin):
    list_display = ["started_at", "name", "part", "key", "went", "lasted", "trace_id"]
    list_filter = ["failed", "part"]
    search_fields = ["=key", "=trace_id"]
    search_help_text = "A whole key or trace id."
    ordering = ["-id"]

    @admin.display(description="outcome", ordering="failed")
    def went(self, span: Span) -> str:
        return pill("failed", "bad") if span.failed else pill("done", "good")

    @admin.display(description="milliseconds")
    def lasted(self, span: Span) -> str:
        return f"{(span.ended_at - span.started_at).total_seconds() * 1000:.1f}"


@admin.register(ScalingSample)
class ScalingSampleAdmin(RecordAdmin):
    list_display = ["at", "pool", "waiting", "in_work", "age_seconds", "workers", "wanted", "reason"]
    list_filter = ["pool"]
    search_fields = ["pool", "reason"]
    date_hierarchy = "at"
    ordering = ["-id"]


@admin.register(ComparisonRun)
class ComparisonRunAdmin(RecordAdmin):
    list_display = ["id", "asked_at", "begun_at", "ended_at", "quick", "current", "error"]
    list_filter = ["quick", ("ended_at", admin.EmptyFieldListFilter)]
    search_fields = ["error"]
    ordering = ["-id"]
