"""Notices in the admin: how each went, and asking again for what failed or was skipped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from messaging.readonly import ReadOnly

from .models import Device, Notice, OrderText, Preference
from .retrying import retry

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin


@admin.register(Notice)
class NoticeAdmin(ReadOnly, ModelAdmin):
    list_display = [
        "id",
        "created_at",
        "kind",
        "channel",
        "recipient",
        "about",
        "state",
        "attempts",
        "reason",
        "sent_at",
        "provider_id",
    ]
    list_filter = ["state", "channel", "kind"]
    list_select_related = ["recipient"]
    search_fields = ["=about", "=event_id", "=provider_id", "recipient__username"]
    actions = ["send_again"]
    ordering = ["-id"]
    show_full_result_count = False

    @admin.action(description="Send again what failed or was skipped", permissions=["retry"])
    def send_again(self, request: HttpRequest, chosen: QuerySet[Notice]) -> None:
        asked = retry(list(chosen.values_list("pk", flat=True)))
        left = chosen.count() - asked
        self.message_user(request, f"{asked} asked for again.", messages.SUCCESS)
        if left:
            self.message_user(request, f"{left} left alone: they are sent, or on their way.", messages.WARNING)

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("notifications.change_notice")


@admin.register(Preference)
class PreferenceAdmin(ReadOnly, ModelAdmin):
    list_display = ["user", "kind", "channel", "wanted", "changed_at"]
    list_filter = ["channel", "kind", "wanted"]
    list_select_related = ["user"]
    search_fields = ["user__username"]


@admin.register(Device)
class DeviceAdmin(ModelAdmin):
    list_display = ["user", "label", "endpoint", "added_at"]
    list_select_related = ["user"]
    search_fields = ["user__username"]
    # The keys are for the sender alone.
    fields = ["user", "label", "endpoint", "added_at"]
    readonly_fields = ["user", "label", "endpoint", "added_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(OrderText)
class OrderTextAdmin(ReadOnly, ModelAdmin):
    list_display = ["order_id", "restaurant", "total", "currency", "placed_at"]
    search_fields = ["=order_id"]
    show_full_result_count = False
