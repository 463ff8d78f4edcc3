"""Orders, payments and restaurants in the admin. An order's status changes in `orders.lifecycle` and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from messaging.readonly import ReadOnly

from .models import (
    City,
    Entry,
    MenuItem,
    MenuOption,
    OpeningHours,
    OptionGroup,
    Order,
    OrderHistory,
    OrderLine,
    Payment,
    PaymentHistory,
    Posting,
    Refund,
    RefundLine,
    Restaurant,
)

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    TabularInline = admin.TabularInline[Any, Any]
else:
    ModelAdmin = admin.ModelAdmin
    TabularInline = admin.TabularInline


def money(minor: int) -> str:
    """Minor units as people write them."""
    return f"{minor / 100:.2f}"


class LineInline(ReadOnly, TabularInline):
    model = OrderLine
    extra = 0


class PaymentInline(ReadOnly, TabularInline):
    model = Payment
    extra = 0
    # As read-only fields: Django makes no form of columns that it fills itself.
    readonly_fields = ["state", "amount", "captured", "refunded", "decline_code", "gateway_reference", "updated_at"]
    fields = ["state", "amount", "captured", "refunded", "decline_code", "gateway_reference", "updated_at"]


class HistoryInline(ReadOnly, TabularInline):
    model = OrderHistory
    extra = 0
    fields = ["sequence", "type", "old_status", "new_status", "actor_role", "actor_id", "reason", "at", "event_id"]


@admin.register(Order)
class OrderAdmin(ReadOnly, ModelAdmin):
    list_display = [
        "number",
        "status",
        "restaurant",
        "customer",
        "zone",
        "amount",
        "version",
        "placed_at",
        "courier_id",
    ]
    list_filter = ["status", "zone", "restaurant"]
    list_select_related = ["restaurant", "customer"]
    search_fields = ["=id", "customer__username", "restaurant__name"]
    date_hierarchy = "placed_at"
    inlines = [LineInline, PaymentInline, HistoryInline]
    show_full_result_count = False

    @admin.display(ordering="total")
    def amount(self, order: Order) -> str:
        return f"{money(order.total)} {order.currency}"


@admin.register(OrderHistory)
class OrderHistoryAdmin(ReadOnly, ModelAdmin):
    list_display = ["at", "order_id", "sequence", "type", "old_status", "new_status", "actor_role", "reason"]
    list_filter = ["type", "actor_role"]
    search_fields = ["=order__id", "=event_id"]
    ordering = ["-id"]
    show_full_result_count = False


class PaymentHistoryInline(ReadOnly, TabularInline):
    model = PaymentHistory
    extra = 0
    fields = ["sequence", "type", "old_state", "new_state", "at", "event_id"]


class RefundInline(ReadOnly, TabularInline):
    model = Refund
    extra = 0
    fields = ["amount", "reason", "state", "asked_by_role", "asked_at", "gateway_reference", "failure_code"]


@admin.register(Payment)
class PaymentAdmin(ReadOnly, ModelAdmin):
    list_display = ["id", "order", "state", "total", "captured", "refunded", "decline_code", "updated_at"]
    list_filter = ["state", "decline_code"]
    list_select_related = ["order"]
    search_fields = ["=id", "=order__id", "=gateway_reference"]
    inlines = [PaymentHistoryInline, RefundInline]

    @admin.display(ordering="amount")
    def total(self, payment: Payment) -> str:
        return money(payment.amount)


class RefundLineInline(ReadOnly, TabularInline):
    model = RefundLine
    extra = 0


@admin.register(Refund)
class RefundAdmin(ReadOnly, ModelAdmin):
    list_display = ["id", "payment", "amount", "reason", "state", "asked_by_role", "asked_at", "failure_code"]
    list_filter = ["state", "reason"]
    search_fields = ["=id", "=payment__id", "=payment__order__id"]
    inlines = [RefundLineInline]


class EntryInline(ReadOnly, TabularInline):
    model = Entry
    extra = 0


@admin.register(Posting)
class PostingAdmin(ReadOnly, ModelAdmin):
    list_display = ["key", "kind", "order", "at"]
    list_filter = ["kind"]
    search_fields = ["=order__id", "key"]
    list_select_related = ["order"]
    inlines = [EntryInline]
    show_full_result_count = False


class HoursInline(TabularInline):
    model = OpeningHours
    extra = 0


@admin.register(Restaurant)
class RestaurantAdmin(ModelAdmin):
    list_display = ["name", "cuisine", "zone", "paused", "preparation_minutes", "fee"]
    list_filter = ["zone", "cuisine", "paused"]
    search_fields = ["name", "slug"]
    raw_id_fields = ["user"]
    # Pausing is a fact with an event: it is done by `orders.kitchen`, not by a tick box.
    readonly_fields = ["paused", "auto_paused", "unanswered", "version"]
    inlines = [HoursInline]

    @admin.display(ordering="delivery_fee")
    def fee(self, restaurant: Restaurant) -> str:
        return money(restaurant.delivery_fee)


class OptionInline(TabularInline):
    model = MenuOption
    extra = 0

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Of the groups, only this item's own."""
        if db_field.name == "group" and request.resolver_match is not None:
            item = request.resolver_match.kwargs.get("object_id")
            kwargs["queryset"] = OptionGroup.objects.filter(item_id=item if str(item).isdecimal() else None)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class GroupInline(TabularInline):
    model = OptionGroup
    extra = 0


@admin.register(MenuItem)
class MenuItemAdmin(ModelAdmin):
    list_display = ["name", "restaurant", "section", "cost", "sold_out"]
    list_filter = ["sold_out", "restaurant"]
    list_select_related = ["restaurant"]
    search_fields = ["name", "restaurant__name"]
    readonly_fields = ["sold_out"]
    inlines = [GroupInline, OptionInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[MenuItem]:
        return super().get_queryset(request).order_by("restaurant", "position")

    @admin.display(ordering="price")
    def cost(self, item: MenuItem) -> str:
        return money(item.price)


@admin.register(City)
class CityAdmin(ModelAdmin):
    list_display = ["name", "speed", "metres_per_minute", "offer_seconds", "confirm_minutes", "undeliverable_minutes"]
    # The clock is set by `manage.py seed`: two of these alone would make it jump.
    readonly_fields = ["id", "anchor_city", "anchor_wall", "speed"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: City | None = None) -> bool:
        return False
