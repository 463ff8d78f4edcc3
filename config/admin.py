"""What other packages bring to the admin, in the house's clothes, and none of it to be edited beside the groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import allauth.account.admin
import allauth.mfa.admin  # noqa: F401  # imported for what they register, which is replaced below
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group

from messaging.admin_base import ModelAdmin, RecordAdmin

if TYPE_CHECKING:
    GroupsBase = GroupAdmin
else:

    class GroupsBase(GroupAdmin, ModelAdmin):
        pass


admin.site.unregister([Group, EmailAddress, Authenticator])


@admin.register(Group)
class Groups(GroupsBase):
    """Those of `manage.py groups` are set back by it: a group of one's own is left alone."""

    list_display = ["name"]
    search_fields = ["name"]


@admin.register(EmailAddress)
class EmailAddresses(RecordAdmin):
    list_display = ["email", "user", "primary", "verified"]
    list_filter = ["primary", "verified"]
    list_select_related = ["user"]
    search_fields = ["email", "user__username"]
    ordering = ["-id"]


@admin.register(Authenticator)
class Authenticators(RecordAdmin):
    """That somebody has a second factor, never its secret."""

    list_display = ["user", "type", "created_at", "last_used_at"]
    list_filter = ["type"]
    list_select_related = ["user"]
    search_fields = ["user__username"]
    fields = ["user", "type", "created_at", "last_used_at"]
    ordering = ["-id"]


@admin.register(LogEntry)
class Log(RecordAdmin):
    """Who did what here, and why: the reasons that actions ask for end in it."""

    list_display = ["action_time", "user", "content_type", "object_repr", "action_flag", "what"]
    list_filter = ["action_flag", ("content_type", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["user", "content_type"]
    search_fields = ["=object_id", "object_repr", "change_message", "user__username"]
    date_hierarchy = "action_time"
    ordering = ["-id"]

    @admin.display(description="what and why")
    def what(self, entry: Any) -> str:
        return str(entry.get_change_message())
