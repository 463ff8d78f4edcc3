"""Delivery in the admin: couriers and zones can be edited; what happened can only be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join

from messaging.readonly import ReadOnly

from .models import Assignment, Courier, Offer, Shift, Zone

if TYPE_CHECKING:
    ZoneAdminBase = admin.ModelAdmin[Zone]
    CourierAdminBase = admin.ModelAdmin[Courier]
    ShiftAdminBase = admin.ModelAdmin[Shift]
    OfferAdminBase = admin.ModelAdmin[Offer]
    AssignmentAdminBase = admin.ModelAdmin[Assignment]
    AssignmentInlineBase = admin.TabularInline[Assignment, Offer]
else:
    ZoneAdminBase = CourierAdminBase = ShiftAdminBase = OfferAdminBase = AssignmentAdminBase = admin.ModelAdmin
    AssignmentInlineBase = admin.TabularInline


@admin.register(Zone)
class ZoneAdmin(ZoneAdminBase):
    list_display = ["name", "slug", "online", "requested", "served", "served_at"]
    fields = ["name", "slug", "requested", "served", "served_at", "nudged_at"]
    search_fields = ["name", "slug"]

    def get_readonly_fields(self, request: HttpRequest, obj: Zone | None = None) -> list[str]:
        # Orders carry their zone's slug: it must not change under them. The counters belong to the rounds.
        counters = ["requested", "served", "served_at", "nudged_at"]
        return counters if obj is None else ["slug", *counters]

    @admin.display(description="couriers online")
    def online(self, zone: Zone) -> int:
        return zone.couriers.filter(online=True).count()


@admin.register(Courier)
class CourierAdmin(CourierAdminBase):
    list_display = ["name", "user", "zone", "online", "capacity", "timeouts", "position_at"]
    list_filter = ["online", "zone", "capacity"]
    list_select_related = ["user", "zone"]
    search_fields = ["name", "user__username"]
    raw_id_fields = ["user"]
    # Going on and off shift is a fact with an event: it is done by `delivery.couriers`, not by a tick box.
    readonly_fields = ["online", "timeouts", "version", "position_at"]


@admin.register(Shift)
class ShiftAdmin(ReadOnly, ShiftAdminBase):
    list_display = ["courier", "started_at", "until", "ended_at"]
    list_filter = [("ended_at", admin.EmptyFieldListFilter), "courier__zone"]
    list_select_related = ["courier"]
    search_fields = ["courier__name"]
    date_hierarchy = "started_at"


class AssignmentInline(ReadOnly, AssignmentInlineBase):
    model = Assignment
    extra = 0
    fields = ["order", "state", "created_at"]


@admin.register(Offer)
class OfferAdmin(ReadOnly, OfferAdminBase):
    list_display = ["id", "courier", "orders", "state", "made_at", "deadline", "answered_at"]
    list_filter = ["state", "courier__zone"]
    list_select_related = ["courier"]
    search_fields = ["=id", "courier__name", "=assignments__order__id"]
    date_hierarchy = "made_at"
    inlines = [AssignmentInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Offer]:
        return super().get_queryset(request).prefetch_related("assignments__order")

    @admin.display
    def orders(self, offer: Offer) -> str:
        return format_html_join(", ", "{}", ((each.order.number,) for each in offer.assignments.all()))


@admin.register(Assignment)
class AssignmentAdmin(ReadOnly, AssignmentAdminBase):
    list_display = ["order", "courier", "state", "created_at"]
    list_filter = ["state", "courier__zone"]
    list_select_related = ["order", "courier"]
    search_fields = ["=order__id", "courier__name"]
    date_hierarchy = "created_at"
