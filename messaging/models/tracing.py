"""Spans that are kept in the database, where no collector is: what the operator's story of an order draws."""

from __future__ import annotations

from django.db import models


class Span(models.Model):
    """One piece of work of one trace, as OpenTelemetry ended it. Wall time; pruned by age."""

    trace_id = models.CharField(max_length=32)
    span_id = models.CharField(max_length=16)
    parent_id = models.CharField(max_length=16, blank=True, help_text="the span that caused it, here or elsewhere")
    name = models.CharField(max_length=200)
    part = models.CharField(max_length=60, help_text="which process of the system did it")
    key = models.CharField(max_length=120, blank=True, help_text="order id, zone, … it was about")
    failed = models.BooleanField(default=False)
    facts = models.JSONField(default=dict, help_text="its attributes")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["trace_id"], name="span_trace"),
            models.Index(fields=["key"], condition=~models.Q(key=""), name="span_key"),
        ]

    def __str__(self) -> str:
        return f"{self.name} of trace {self.trace_id}"
