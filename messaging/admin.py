"""The roads in the admin: to look at, and to settle what is stuck (see `settling.py`). Nothing can be edited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.utils.html import format_html

from . import settling
from .confirming import Settled
from .models import DeadLetter, Generation, Incident, OutboxRow, ParkedRecord, StoredOffset, TaskRun
from .readonly import ReadOnly

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

#: Bytes of a message that are shown; the rest is in the table.
SHOWN_BYTES = 4096


def as_text(data: bytes | memoryview | None) -> str:
    """A message's bytes for reading, whatever they are."""
    text = bytes(data or b"")[:SHOWN_BYTES].decode("utf-8", "replace")
    return format_html("<pre>{}</pre>", text)


@admin.register(OutboxRow)
class OutboxRowAdmin(Settled, ReadOnly, ModelAdmin):
    list_display = [
        "id",
        "road",
        "shard",
        "type",
        "key",
        "sequence",
        "recorded_at",
        "attempts",
        "blocked",
        "next_try_at",
        "last_error",
    ]
    actions = [settling.retry_rows, settling.discard_rows]
    list_filter = ["road", "blocked", "shard", "destination", "type"]
    search_fields = ["=key", "=message_id"]
    exclude = ["payload"]
    readonly_fields = ["content"]
    show_full_result_count = False

    @admin.display
    def content(self, row: OutboxRow) -> str:
        return as_text(row.payload)


@admin.register(DeadLetter)
class DeadLetterAdmin(Settled, ReadOnly, ModelAdmin):
    list_display = ["arrived_at", "road", "source", "group", "type", "key", "receive_count", "state", "error"]
    actions = [settling.redrive_letters, settling.discard_letters]
    list_filter = ["state", "road", "source", "group", "type"]
    search_fields = ["=key", "=message_id", "error"]
    date_hierarchy = "arrived_at"
    exclude = ["body"]
    readonly_fields = ["content"]

    @admin.display
    def content(self, letter: DeadLetter) -> str:
        return as_text(letter.body)


@admin.register(Incident)
class IncidentAdmin(ReadOnly, ModelAdmin):
    list_display = ["opened_at", "severity", "kind", "subject", "message", "acknowledged_at", "resolved_at"]
    list_filter = [("resolved_at", admin.EmptyFieldListFilter), "severity", "kind"]
    search_fields = ["=subject", "message"]
    date_hierarchy = "opened_at"


@admin.register(TaskRun)
class TaskRunAdmin(ReadOnly, ModelAdmin):
    list_display = ["started_at", "task", "key", "receive_count", "outcome", "worker", "finished_at", "error"]
    list_filter = ["outcome", "queue", "task"]
    search_fields = ["=key", "=task_id"]
    show_full_result_count = False


@admin.register(Generation)
class GenerationAdmin(ReadOnly, ModelAdmin):
    list_display = ["group", "number", "state", "started_at", "live_at"]
    list_filter = ["state", "group"]


@admin.register(StoredOffset)
class StoredOffsetAdmin(ReadOnly, ModelAdmin):
    list_display = ["group", "generation", "topic", "partition", "position", "events_applied", "updated_at"]
    list_filter = ["group", "topic"]
    ordering = ["group", "generation", "topic", "partition"]


@admin.register(ParkedRecord)
class ParkedRecordAdmin(Settled, ReadOnly, ModelAdmin):
    list_display = ["parked_at", "group", "topic", "partition", "offset", "key", "sequence", "reason"]
    actions = [settling.redrive_records, settling.discard_records]
    list_filter = ["group", "topic"]
    search_fields = ["=key"]
    exclude = ["value"]
    readonly_fields = ["content"]

    @admin.display
    def content(self, record: ParkedRecord) -> str:
        return as_text(record.value)
