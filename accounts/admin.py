"""Accounts in the admin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from .models import Address, User

if TYPE_CHECKING:
    AccountAdminBase = UserAdmin[User]
    AddressInlineBase = admin.TabularInline[Address, User]
else:
    AccountAdminBase = UserAdmin
    AddressInlineBase = admin.TabularInline


class AddressInline(AddressInlineBase):
    model = Address
    extra = 0


@admin.register(User)
class AccountAdmin(AccountAdminBase):
    list_display = ["username", "role", "email", "is_active", "is_staff", "last_login"]
    list_filter = ["role", "is_active", "is_staff"]
    fieldsets = [*(UserAdmin.fieldsets or ()), ("Forkroad", {"fields": ["role"]})]
    add_fieldsets = [*UserAdmin.add_fieldsets, ("Forkroad", {"fields": ["role"]})]
    inlines = [AddressInline]
