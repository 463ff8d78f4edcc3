"""Notices in the admin: how each went, and asking again for what failed or was skipped."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from messaging.admin_base import ModelAdmin, RecordAdmin, RecordInline, pill
from messaging.confirming import Ask, Asked, Refused, Settled, confirmed

from .models import Device, Notice, OrderText, Post, PostRange, Preference
from .retrying import retry

STATES = {"queued": "wait", "sending": "work", "sent": "good", "failed": "bad", "skipped": "plain"}
NOTICE = ("created_at", "kind", "channel", "recipient", "state", "attempts", "reason")


def _send_again(notice: Notice, asked: Asked) -> str:
    if not retry([notice.pk]):
        raise Refused("it is sent, or on its way")
    return "asked for again"


send_again = confirmed(
    Ask(
        "send_again",
        "Send again",
        "What failed or was skipped is queued again. Preferences still hold: what is turned off is skipped again.",
        NOTICE,
        _send_again,
    )
)


@admin.register(Notice)
class NoticeAdmin(Settled, RecordAdmin):
    list_display = [
        "created_at",
        "kind",
        "channel",
        "recipient",
        "delivery",
        "attempts",
        "reason",
        "sent_at",
        "about",
    ]
    list_filter = ["state", "channel", "kind", ("read_at", admin.EmptyFieldListFilter)]
    list_select_related = ["recipient"]
    search_fields = ["=about", "=event_id", "=provider_id", "recipient__username"]
    search_help_text = "What it is about (an order's id), an event's or a provider's id, or part of a login."
    date_hierarchy = "created_at"
    actions = [send_again]
    ordering = ["-id"]
    readonly_fields = ["created_at", "sent_at", "read_at", "leased_until"]

    @admin.display(description="delivery", ordering="state")
    def delivery(self, notice: Notice) -> str:
        return pill(notice.get_state_display(), STATES[notice.state])


@admin.register(Preference)
class PreferenceAdmin(RecordAdmin):
    list_display = ["user", "kind", "channel", "wanted", "changed_at"]
    list_filter = ["channel", "kind", "wanted"]
    list_select_related = ["user"]
    search_fields = ["user__username"]
    ordering = ["-id"]


@admin.register(Device)
class DeviceAdmin(ModelAdmin):
    list_display = ["user", "label", "endpoint", "added_at"]
    list_select_related = ["user"]
    search_fields = ["user__username"]
    ordering = ["-id"]
    # The keys are for the sender alone.
    fields = ["user", "label", "endpoint", "added_at"]
    readonly_fields = ["user", "label", "endpoint", "added_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(OrderText)
class OrderTextAdmin(RecordAdmin):
    list_display = ["order_id", "restaurant", "total", "currency", "placed_at"]
    search_fields = ["=order_id"]
    search_help_text = "A whole order id."
    ordering = ["-placed_at"]


class RangeInline(RecordInline):
    model = PostRange
    fields = ["first", "last", "size", "told", "commands", "state", "touched_at"]


@admin.register(Post)
class PostAdmin(RecordAdmin):
    list_display = ["created_at", "name", "text", "how_far", "told", "split_at", "finished_at"]
    list_filter = [("finished_at", admin.EmptyFieldListFilter)]
    search_fields = ["=event_id", "=restaurant_id", "name", "text"]
    date_hierarchy = "created_at"
    ordering = ["-created_at"]
    inlines = [RangeInline]

    @admin.display(description="state", ordering="finished_at")
    def how_far(self, post: Post) -> str:
        return pill("told", "good") if post.finished_at else pill("on its way", "work")
