"""Delivery in the admin: couriers and zones can be edited; what happened can only be read."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join

from messaging.admin_base import ModelAdmin, RecordAdmin, RecordInline, pill
from messaging.confirming import Ask, Asked, Refused, Settled, confirmed

from .couriers import StillCarrying, go_offline
from .models import AnnouncedShift, Assignment, Courier, Offer, Press, Promise, Shift, Zone

OFFERS = {"open": "work", "accepted": "good", "declined": "plain", "expired": "bad", "withdrawn": "plain"}
ASSIGNMENTS = {"offered": "wait", "active": "work", "completed": "good", "ended": "plain"}
COURIER = ("name", "zone", "online", "timeouts", "position_at")


def _take_offline(courier: Courier, asked: Asked) -> str:
    if not courier.online:
        raise Refused("is not online")
    try:
        go_offline(courier.pk, reason="operator")
    except StillCarrying as error:
        raise Refused(str(error)) from error
    return "offline; an open offer goes on to the next courier"


take_offline = confirmed(
    Ask(
        "take_offline",
        "Take offline",
        "Their shifts end. Who carries an order is left alone: hand the order over first. They may come back by"
        " themselves; block the account where they must not.",
        COURIER,
        _take_offline,
    )
)


@admin.register(Zone)
class ZoneAdmin(ModelAdmin):
    list_display = ["name", "slug", "online", "requested", "served", "served_at", "due_at"]
    fields = ["name", "slug", "requested", "served", "served_at", "nudged_at", "due_at"]
    search_fields = ["name", "slug"]
    ordering = ["name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Zone]:
        found: QuerySet[Zone] = super().get_queryset(request)
        return found.annotate(on_road=Count("couriers", filter=Q(couriers__online=True)))

    def get_readonly_fields(self, request: HttpRequest, obj: Zone | None = None) -> list[str]:
        # Orders carry their zone's slug: it must not change under them. The counters belong to the rounds.
        counters = ["requested", "served", "served_at", "nudged_at", "due_at"]
        return counters if obj is None else ["slug", *counters]

    @admin.display(description="couriers online", ordering="on_road")
    def online(self, zone: Any) -> int:
        online: int = zone.on_road
        return online


@admin.register(Courier)
class CourierAdmin(Settled, ModelAdmin):
    list_display = ["name", "user", "zone", "light", "capacity", "timeouts", "position_at", "heard_at"]
    list_filter = ["online", "zone", "capacity"]
    list_select_related = ["user", "zone"]
    search_fields = ["name", "user__username"]
    autocomplete_fields = ["user", "zone"]
    # Going on and off shift is a fact with an event: it is done by `delivery.couriers`, not by a tick box.
    readonly_fields = ["online", "timeouts", "version", "position_at", "heard_at"]
    actions = [take_offline]
    ordering = ["name"]

    @admin.display(description="shift", ordering="online")
    def light(self, courier: Courier) -> str:
        return pill("online", "good") if courier.online else pill("off")


@admin.register(Shift)
class ShiftAdmin(RecordAdmin):
    list_display = ["courier", "started_at", "until", "ended_at"]
    list_filter = [("ended_at", admin.EmptyFieldListFilter), "courier__zone"]
    list_select_related = ["courier"]
    search_fields = ["courier__name"]
    date_hierarchy = "started_at"
    ordering = ["-started_at"]


@admin.register(AnnouncedShift)
class AnnouncedShiftAdmin(RecordAdmin):
    list_display = ["courier", "starts_at", "until"]
    list_filter = ["courier__zone"]
    list_select_related = ["courier"]
    search_fields = ["courier__name"]
    date_hierarchy = "starts_at"
    ordering = ["-starts_at"]


class AssignmentInline(RecordInline):
    model = Assignment
    fields = ["order", "state", "at_restaurant_at", "at_customer_at", "created_at"]


@admin.register(Offer)
class OfferAdmin(RecordAdmin):
    list_display = ["made_at", "courier", "orders", "answer", "deadline", "answered_at", "id"]
    list_filter = ["state", "courier__zone"]
    list_select_related = ["courier"]
    search_fields = ["=id", "courier__name", "=assignments__order__id"]
    search_help_text = "A whole offer or order id, or part of a courier's name."
    date_hierarchy = "made_at"
    ordering = ["-made_at"]
    inlines = [AssignmentInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Offer]:
        return super().get_queryset(request).prefetch_related("assignments__order")

    @admin.display
    def orders(self, offer: Offer) -> str:
        return format_html_join(", ", "{}", ((each.order.number,) for each in offer.assignments.all()))

    @admin.display(description="state", ordering="state")
    def answer(self, offer: Offer) -> str:
        return pill(offer.get_state_display(), OFFERS[offer.state])


@admin.register(Assignment)
class AssignmentAdmin(RecordAdmin):
    list_display = ["order", "courier", "stage", "at_restaurant_at", "at_customer_at", "created_at"]
    list_filter = ["state", "courier__zone"]
    list_select_related = ["order", "courier"]
    search_fields = ["=order__id", "courier__name"]
    search_help_text = "A whole order id, or part of a courier's name."
    date_hierarchy = "created_at"
    ordering = ["-id"]

    @admin.display(description="state", ordering="state")
    def stage(self, assignment: Assignment) -> str:
        return pill(assignment.get_state_display(), ASSIGNMENTS[assignment.state])


@admin.register(Promise)
class PromiseAdmin(RecordAdmin):
    list_display = ["order", "stage", "made_at", "estimated", "latest_by", "delivered_at", "kept"]
    list_filter = ["stage", ("delivered_at", admin.EmptyFieldListFilter)]
    list_select_related = ["order"]
    search_fields = ["=order__id"]
    search_help_text = "A whole order id."
    date_hierarchy = "made_at"
    ordering = ["-id"]

    @admin.display
    def kept(self, promise: Promise) -> str:
        if promise.delivered_at is None:
            return pill("open", "wait")
        return pill("kept", "good") if promise.delivered_at <= promise.latest_by else pill("broken", "bad")


@admin.register(Press)
class PressAdmin(RecordAdmin):
    list_display = ["received_at", "courier", "stage", "order_id", "pressed_at", "counted_at", "outcome", "message"]
    list_filter = ["outcome", "stage"]
    list_select_related = ["courier"]
    search_fields = ["=order_id", "=key", "courier__name"]
    search_help_text = "A whole order id or key, or part of a courier's name."
    date_hierarchy = "received_at"
    ordering = ["-id"]
