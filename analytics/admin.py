"""The read models in the admin: what Kafka told. Nobody edits what a replay would build again."""

from __future__ import annotations

from django.contrib import admin

from messaging.admin_base import RecordAdmin, as_text, money, pill

from .models import (
    AuditCheckpoint,
    AuditEntry,
    AuditHead,
    BrowsingHour,
    CourierShift,
    FraudCase,
    FraudDecision,
    FraudProfile,
    ItemCount,
    MinuteCount,
    MinuteDelivery,
    OrderFact,
    OrderHour,
    OrderLife,
    PairCount,
    PlacedBasket,
)

VERDICTS = {"": "work", "genuine": "good", "fraud": "bad"}


@admin.register(AuditEntry)
class AuditEntryAdmin(RecordAdmin):
    list_display = ["recorded_at", "type", "key", "sequence", "actor_role", "actor_id", "topic", "partition", "offset"]
    list_filter = ["type", "topic", "actor_role", "generation"]
    search_fields = ["=key", "=event_id"]
    search_help_text = "A whole key (an order's id) or event id."
    exclude = ["payload"]
    readonly_fields = ["content"]
    ordering = ["-id"]

    @admin.display(description="payload")
    def content(self, entry: AuditEntry) -> str:
        return as_text(str(entry.payload).encode())


class SignedAdmin(RecordAdmin):
    list_display = ["generation", "topic", "partition", "count", "offset", "hash"]
    list_filter = ["topic", "generation"]
    search_fields = ["=topic", "hash"]
    ordering = ["generation", "topic", "partition", "-count"]


admin.site.register([AuditHead, AuditCheckpoint], SignedAdmin)


@admin.register(FraudCase)
class FraudCaseAdmin(RecordAdmin):
    list_display = ["created_at", "number", "account", "score", "found", "stage", "reviewer_id", "judged_at", "note"]
    list_filter = ["verdict", "stage"]
    search_fields = ["=order_id", "=account", "=card", "=device", "=door"]
    search_help_text = "A whole order id, an account's number, or a card's, device's or door's token."
    date_hierarchy = "created_at"
    ordering = ["-created_at"]

    @admin.display(description="verdict", ordering="verdict")
    def found(self, case: FraudCase) -> str:
        return pill(case.get_verdict_display(), VERDICTS[case.verdict])


@admin.register(FraudDecision)
class FraudDecisionAdmin(RecordAdmin):
    list_display = ["decided_at", "order_id", "stage", "account", "score", "rules", "took"]
    list_filter = ["stage"]
    search_fields = ["=order_id", "=account"]
    search_help_text = "A whole order id, or an account's number."
    date_hierarchy = "decided_at"
    ordering = ["-id"]


@admin.register(FraudProfile)
class FraudProfileAdmin(RecordAdmin):
    list_display = ["kind", "token", "generation"]
    list_filter = ["kind", "generation"]
    search_fields = ["=token"]
    search_help_text = "A whole token: an account's number, or a card's, device's or door's."
    ordering = ["-id"]


@admin.register(OrderLife)
class OrderLifeAdmin(RecordAdmin):
    list_display = ["placed_at", "order_id", "restaurant", "zone", "status", "sum", "offers", "ended_by", "reason"]
    list_filter = ["status", "zone", "ended_by", "generation"]
    search_fields = ["=order_id", "restaurant"]
    ordering = ["-id"]

    @admin.display(description="total", ordering="total")
    def sum(self, life: OrderLife) -> str:
        return money(life.total)


@admin.register(OrderFact)
class OrderFactAdmin(RecordAdmin):
    list_display = ["order_id", "restaurant_id", "zone", "status", "sequence", "total", "placed_at", "changed_at"]
    list_filter = ["status", "zone", "generation"]
    search_fields = ["=order_id", "=restaurant_id"]
    ordering = ["-id"]


@admin.register(CourierShift)
class CourierShiftAdmin(RecordAdmin):
    list_display = ["courier_id", "zone", "began_at", "ended_at", "sequence", "generation"]
    list_filter = [("ended_at", admin.EmptyFieldListFilter), "zone", "generation"]
    search_fields = ["=courier_id"]
    ordering = ["-id"]


@admin.register(MinuteCount)
class MinuteCountAdmin(RecordAdmin):
    list_display = ["minute", "restaurant_id", "status", "orders", "generation"]
    list_filter = ["status", "generation"]
    search_fields = ["=restaurant_id"]
    date_hierarchy = "minute"
    ordering = ["-minute"]


@admin.register(MinuteDelivery)
class MinuteDeliveryAdmin(RecordAdmin):
    list_display = ["minute", "restaurant_id", "deliveries", "click_to_door_ms", "ready_to_pickup_ms", "generation"]
    list_filter = ["generation"]
    search_fields = ["=restaurant_id"]
    date_hierarchy = "minute"
    ordering = ["-minute"]


@admin.register(BrowsingHour)
class BrowsingHourAdmin(RecordAdmin):
    list_display = ["hour", "restaurant_id", "zone", "visitor", "searches", "menus", "put_in", "taken_out"]
    list_filter = ["zone", "generation"]
    search_fields = ["=restaurant_id", "=visitor"]
    date_hierarchy = "hour"
    ordering = ["-hour"]


@admin.register(OrderHour)
class OrderHourAdmin(RecordAdmin):
    list_display = ["hour", "restaurant_id", "zone", "placed", "delivered", "generation"]
    list_filter = ["zone", "generation"]
    search_fields = ["=restaurant_id"]
    date_hierarchy = "hour"
    ordering = ["-hour"]


@admin.register(ItemCount)
class ItemCountAdmin(RecordAdmin):
    list_display = ["name", "restaurant_id", "item_id", "orders", "named_at", "generation"]
    list_filter = ["generation"]
    search_fields = ["name", "=restaurant_id", "=item_id"]
    ordering = ["-orders"]


@admin.register(PairCount)
class PairCountAdmin(RecordAdmin):
    list_display = ["restaurant_id", "item_id", "other_id", "orders", "generation"]
    list_filter = ["generation"]
    search_fields = ["=restaurant_id", "=item_id"]
    ordering = ["-orders"]


@admin.register(PlacedBasket)
class PlacedBasketAdmin(RecordAdmin):
    list_display = ["placed_at", "order_id", "customer_id", "restaurant", "zone", "items", "generation"]
    list_filter = ["zone", "generation"]
    search_fields = ["=order_id", "=customer_id", "restaurant"]
    date_hierarchy = "placed_at"
    ordering = ["-id"]
