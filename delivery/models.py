"""Couriers, zones, offers and assignments. The partial unique indexes here are promise one."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, Value
from django.db.models.functions import Now

from orders.city import CityAfter, CityNow
from orders.models import Order

#: City minutes for which a courier is still expected who is late for a shift: nobody is online to the second.
LATE_MINUTES = 2.0


class Zone(models.Model):
    """A part of the city that is dispatched on its own.

    `requested` counts the calls for a round. A round reads it before it looks at the zone and starts again if
    it has moved meanwhile: no call is lost, and no task waits for another's round.
    """

    slug = models.SlugField(primary_key=True)
    name = models.CharField(max_length=60)
    requested = models.PositiveBigIntegerField(default=0)
    served = models.PositiveBigIntegerField(default=0, help_text="the value of requested that the last round answered")
    served_at = models.DateTimeField(null=True, help_text="wall time")
    seen = models.TextField(default="", help_text="PostgreSQL's snapshot before the last round looked at the zone")
    nudged_at = models.DateTimeField(null=True, help_text="wall time at which the sweeper last called for a round")
    due_at = models.DateTimeField(
        null=True, help_text="city time at which a round is due though nobody calls; null if no order waits"
    )

    def __str__(self) -> str:
        return self.name


class Plan(models.Model):
    """What a zone's policy keeps from round to round, so that any worker can go on where another left off.

    An efficiency and no truth: without it, or with an old one, the next round plans anew.
    """

    zone = models.OneToOneField(Zone, on_delete=models.CASCADE, primary_key=True)
    memory = models.JSONField()

    def __str__(self) -> str:
        return f"plan of {self.zone_id}"


class CourierQuerySet(models.QuerySet["Courier"]):
    def on_shift(self) -> CourierQuerySet:
        """Online, and not past the end of the shift they announced."""
        return self.filter(Exists(Shift.objects.running().filter(courier=OuterRef("pk"))), online=True)

    def with_room(self, orders: int = 1) -> CourierQuerySet:
        """Those who may take so many more orders, with `load`: the orders offered to them or carried by them."""
        held = Q(assignments__state__in=HELD)
        return self.annotate(load=Count("assignments", filter=held)).filter(load__lte=F("capacity") - orders)

    def free(self) -> CourierQuerySet:
        """Those who can be made an offer now."""
        asked = Offer.objects.filter(courier=OuterRef("pk"), state=Offer.State.OPEN)
        return self.on_shift().with_room().exclude(Exists(asked))


class Courier(models.Model):
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="courier")
    name = models.CharField(max_length=60, help_text="the name customers see")
    zone = models.ForeignKey(Zone, on_delete=models.PROTECT, related_name="couriers")
    online = models.BooleanField(default=False)
    capacity = models.PositiveSmallIntegerField(default=1, help_text="orders offered or carried at one time")
    latitude = models.FloatField()
    longitude = models.FloatField()
    position_at = models.DateTimeField(null=True, help_text="city time of the last known position")
    heard_at = models.DateTimeField(null=True, help_text="wall time at which the server received it")
    timeouts = models.PositiveSmallIntegerField(default=0, help_text="offers let run out, in a row")
    version = models.PositiveBigIntegerField(default=0, help_text="sequence of its stream couriers.events")

    objects = CourierQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["zone", "online"], name="courier_zone_online")]

    def __str__(self) -> str:
        return self.name


class ShiftQuerySet(models.QuerySet["Shift"]):
    def running(self) -> ShiftQuerySet:
        """Neither ended nor past the end that was announced."""
        return self.filter(Q(until=None) | Q(until__gt=CityNow()), ended_at=None)


class Shift(models.Model):
    """From going online to going offline; `until` is when the courier plans to stop."""

    courier = models.ForeignKey(Courier, on_delete=models.CASCADE, related_name="shifts")
    started_at = models.DateTimeField(help_text="city time")
    until = models.DateTimeField(null=True, help_text="city time")
    ended_at = models.DateTimeField(null=True, help_text="city time")

    objects = ShiftQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["courier"], condition=models.Q(ended_at__isnull=True), name="one_open_shift_a_courier"
            )
        ]

    def __str__(self) -> str:
        return f"{self.courier} from {self.started_at:%H:%M}"


class AnnouncedShiftQuerySet(models.QuerySet["AnnouncedShift"]):
    def standing(self) -> AnnouncedShiftQuerySet:
        """Not begun yet, or so lately that its courier may only be late."""
        return self.filter(starts_at__gt=CityAfter(Value(-LATE_MINUTES * 60)))


class AnnouncedShift(models.Model):
    """When a courier means to be on the road: a word and no promise, which rounds plan with. See `announcing`."""

    courier = models.ForeignKey(Courier, on_delete=models.CASCADE, related_name="announced")
    starts_at = models.DateTimeField(help_text="city time at which they mean to go online")
    until = models.DateTimeField(null=True, help_text="city time; null where they did not say")

    objects = AnnouncedShiftQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["courier", "starts_at"], name="announced_once"),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gt=F("starts_at")), name="announced_shift_sane"
            ),
        ]
        indexes = [models.Index(fields=["starts_at"], name="announced_start")]

    def __str__(self) -> str:
        return f"{self.courier_id} comes at {self.starts_at:%H:%M}"


class Offer(models.Model):
    """One courier's exclusive chance at an order (or a bundle) until a deadline."""

    class State(models.TextChoices):
        OPEN = "open"
        ACCEPTED = "accepted"
        DECLINED = "declined"
        EXPIRED = "expired"
        WITHDRAWN = "withdrawn"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    courier = models.ForeignKey(Courier, on_delete=models.PROTECT, related_name="offers")
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    made_at = models.DateTimeField(help_text="city time")
    deadline = models.DateTimeField(help_text="city time; compared in SQL only")
    answered_at = models.DateTimeField(null=True, help_text="city time")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["courier"], condition=models.Q(state="open"), name="one_open_offer_a_courier"
            )
        ]
        indexes = [models.Index(fields=["deadline"], condition=models.Q(state="open"), name="offer_open_deadline")]

    def __str__(self) -> str:
        return f"{self.state} offer to {self.courier_id}"


class Assignment(models.Model):
    """One order of an offer. An order has at most one that is offered, active or completed: one courier."""

    class State(models.TextChoices):
        OFFERED = "offered"
        ACTIVE = "active"
        COMPLETED = "completed"
        ENDED = "ended", "ended without delivery"

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="assignments")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="assignments")
    courier = models.ForeignKey(Courier, on_delete=models.PROTECT, related_name="assignments")
    state = models.CharField(max_length=10, choices=State, default=State.OFFERED)
    door = models.PositiveSmallIntegerField(default=0, help_text="place of the order's door in the offer's way")
    at_restaurant_at = models.DateTimeField(null=True, help_text="city time of the geofenced arrival")
    at_customer_at = models.DateTimeField(null=True, help_text="city time of the geofenced arrival")
    created_at = models.DateTimeField(db_default=Now(), help_text="wall time")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order"],
                condition=models.Q(state__in=["offered", "active", "completed"]),
                name="one_courier_an_order",
            )
        ]
        indexes = [
            # With the id at its end: a round asks for each courier's latest delivery, however many there were.
            models.Index(fields=["courier", "state", "-id"], name="assignment_courier_state_id"),
            # The sweeper looks at all of these every second, however long the history grows.
            models.Index(fields=["order"], condition=models.Q(state__in=["offered", "active"]), name="assignment_held"),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} → {self.courier_id} ({self.state})"


class Press(models.Model):
    """What a courier pressed without a connection, and what came of it once it arrived: told once, however often sent.

    A record of what was said, not of what is: it points at the order without a foreign key, whose check would take a
    lock on the order's row in the wrong sequence.
    """

    key = models.UUIDField(help_text="the phone's own name for the press")
    courier = models.ForeignKey(Courier, on_delete=models.CASCADE, related_name="presses", db_constraint=False)
    order_id = models.UUIDField()
    stage = models.CharField(max_length=10, help_text="picked_up or delivered")
    pressed_at = models.DateTimeField(help_text="city time by the phone's clock")
    counted_at = models.DateTimeField(null=True, help_text="city time that was believed; null if nothing was changed")
    outcome = models.CharField(max_length=10, help_text="done, already, or a refusal's code", db_default="")
    message = models.CharField(max_length=200, db_default="")
    received_at = models.DateTimeField(db_default=Now(), help_text="wall time")

    class Meta:
        verbose_name_plural = "presses"
        constraints = [models.UniqueConstraint(fields=["courier", "key"], name="press_once")]

    def __str__(self) -> str:
        return f"{self.stage} of {self.order_id}: {self.outcome}"


#: Assignments that fill a courier's capacity.
HELD = (Assignment.State.OFFERED, Assignment.State.ACTIVE)
#: Assignments that make an order somebody's.
TAKEN = (*HELD, Assignment.State.COMPLETED)

# At the end: they belong to orders, and their modules read the tables above.
from .eta.models import PreparationCount as PreparationCount  # noqa: E402
from .eta.models import PreparationOpen as PreparationOpen  # noqa: E402
from .eta.models import Promise as Promise  # noqa: E402
