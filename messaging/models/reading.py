"""What a consumer group remembers, beside the effects it wrote: offsets, sequences and parked records."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now


class Generation(models.Model):
    """One build of a group's read model. Readers see the live one; a replay builds the next beside it."""

    class State(models.TextChoices):
        BUILDING = "building"
        LIVE = "live"
        RETIRED = "retired"

    group = models.CharField(max_length=80)
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State)
    started_at = models.DateTimeField(db_default=Now())
    live_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "number"], name="generation_number_unique"),
            models.UniqueConstraint(
                fields=["group"], condition=models.Q(state="live"), name="one_live_generation_a_group"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group} generation {self.number} ({self.state})"


class StoredOffset(models.Model):
    """The next offset a group will apply in a partition: its row lock is what two owners meet at in a rebalance."""

    group = models.CharField(max_length=80)
    generation = models.PositiveIntegerField()
    topic = models.CharField(max_length=200)
    partition = models.PositiveIntegerField()
    incarnation = models.CharField(max_length=40, blank=True, help_text="the topic's id: another id is another topic")
    position = models.BigIntegerField(default=0, help_text="next offset to apply")
    events_applied = models.BigIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "generation", "topic", "partition"], name="stored_offset_unique")
        ]

    def __str__(self) -> str:
        return f"{self.group}/{self.generation} {self.topic}[{self.partition}] @ {self.position}"


class StreamSequence(models.Model):
    """The last sequence of a key that a group applied: what makes repeats harmless and gaps visible."""

    group = models.CharField(max_length=80)
    generation = models.PositiveIntegerField()
    topic = models.CharField(max_length=200)
    key = models.CharField(max_length=120)
    last_sequence = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["group", "generation", "topic", "key"], name="stream_sequence_unique")
        ]

    def __str__(self) -> str:
        return f"{self.group}/{self.generation} {self.topic} {self.key} ≤ {self.last_sequence}"


class ParkedRecord(models.Model):
    """A record that waits because its key has a gap or an invalid record before it."""

    group = models.CharField(max_length=80)
    generation = models.PositiveIntegerField()
    topic = models.CharField(max_length=200)
    key = models.CharField(max_length=120)
    sequence = models.BigIntegerField(null=True)
    partition = models.PositiveIntegerField()
    offset = models.BigIntegerField()
    headers = models.JSONField(help_text="name → text pairs, in order")
    value = models.BinaryField(null=True)
    reason = models.TextField()
    parked_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["group", "generation", "topic", "partition", "offset"], name="parked_record_unique"
            )
        ]
        indexes = [models.Index(fields=["group", "generation", "topic", "key", "offset"], name="parked_by_key")]

    def __str__(self) -> str:
        return f"{self.group}/{self.generation} {self.topic}[{self.partition}]@{self.offset} {self.key}"
