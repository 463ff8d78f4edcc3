"""An order with its whole story: all of it to be read, and one thing to be done about it."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from messaging.admin_base import RecordAdmin, RecordInline, money, pill
from messaging.confirming import Settled
from orders.models import Order, OrderHistory, OrderLine, Payment, Rating, Status

from . import actions

TONES = {
    Status.DELIVERED: "good",
    Status.PLACED: "wait",
    Status.PAID: "wait",
    Status.PAYMENT_FAILED: "bad",
    Status.REJECTED: "bad",
    Status.CANCELLED: "bad",
    Status.UNDELIVERABLE: "bad",
}
HOLDS = {Order.Hold.HELD: "bad", Order.Hold.REJECTED: "bad", Order.Hold.LIFTED: "good"}


class LineInline(RecordInline):
    model = OrderLine
    fields = ["name", "options", "quantity", "each"]
    readonly_fields = ["each"]

    @admin.display(description="price of one")
    def each(self, line: OrderLine) -> str:
        return money(line.unit_price)


class PaymentInline(RecordInline):
    model = Payment
    # As read-only fields: Django makes no form of columns that it fills itself.
    readonly_fields = ["state", "amount", "captured", "refunded", "decline_code", "gateway_reference", "updated_at"]
    fields = ["state", "amount", "captured", "refunded", "decline_code", "gateway_reference", "updated_at"]


class HistoryInline(RecordInline):
    model = OrderHistory
    fields = ["sequence", "type", "old_status", "new_status", "actor_role", "actor_id", "reason", "at", "event_id"]


class RatingInline(RecordInline):
    model = Rating
    fields = ["food", "courier", "note", "rated_at"]


@admin.register(Order)
class OrderAdmin(Settled, RecordAdmin):
    list_display = [
        "number",
        "stage",
        "holding",
        "restaurant",
        "customer",
        "zone",
        "amount",
        "placed_at",
        "courier_id",
        "story",
    ]
    list_filter = ["status", "hold", "zone", ("courier_id", admin.EmptyFieldListFilter)]
    list_select_related = ["restaurant", "customer"]
    search_fields = ["=id", "customer__username", "restaurant__name"]
    search_help_text = "A whole id, or part of a customer's login or a restaurant's name."
    date_hierarchy = "placed_at"
    inlines = [LineInline, PaymentInline, HistoryInline, RatingInline]
    actions = [actions.cancel_orders]
    # What the customer tells the courier at the door, and how their device is known, is nobody's here.
    exclude = ["door_code", "device_token", "door_token", "request_digest", "idempotency_key"]

    @admin.display(ordering="total")
    def amount(self, order: Order) -> str:
        return f"{money(order.total)} {order.currency}"

    @admin.display(description="status", ordering="status")
    def stage(self, order: Order) -> str:
        return pill(order.get_status_display(), TONES.get(Status(order.status), "work"))

    @admin.display(description="hold", ordering="hold")
    def holding(self, order: Order) -> str:
        return pill(order.get_hold_display(), HOLDS[Order.Hold(order.hold)]) if order.hold else "–"

    @admin.display(description="story")
    def story(self, order: Order) -> str:
        return format_html('<a href="{}">Story</a>', reverse("operator-story", args=[order.pk]))


@admin.register(OrderHistory)
class OrderHistoryAdmin(RecordAdmin):
    list_display = ["at", "order_id", "sequence", "type", "old_status", "new_status", "actor_role", "reason"]
    list_filter = ["type", "actor_role", "new_status"]
    search_fields = ["=order__id", "=event_id"]
    search_help_text = "A whole order or event id."
    ordering = ["-id"]


@admin.register(Rating)
class RatingAdmin(RecordAdmin):
    list_display = ["order", "food", "courier", "note", "rated_at", "restaurant_id", "courier_id"]
    list_filter = ["food", "courier"]
    search_fields = ["=order__id", "=restaurant_id", "=courier_id", "note"]
    date_hierarchy = "rated_at"
    ordering = ["-rated_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rating]:
        return super().get_queryset(request).select_related("order")
