"""Accounts in the admin: rights are a superuser's, and what support may do to a person is an action with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest

from messaging.admin_base import ModelAdmin, RecordAdmin, RecordInline, pill
from messaging.confirming import Ask, Asked, Refused, confirmed

from .blocking import CannotBlock, block, restore
from .erasing import CannotErase, erase
from .models import Address, User
from .second_factor import forget

if TYPE_CHECKING:
    AccountAdminBase = UserAdmin[User]
else:

    class AccountAdminBase(UserAdmin, ModelAdmin):
        if settings.ADMIN_THEME == "unfold":
            from unfold.forms import AdminPasswordChangeForm as change_password_form
            from unfold.forms import UserChangeForm as form
            from unfold.forms import UserCreationForm as add_form


ACCOUNT = ("username", "role", "is_active", "is_staff", "last_login")


def _block(user: User, asked: Asked) -> str:
    try:
        changed = block(user, by=User.objects.get(pk=asked.by))
    except CannotBlock as error:
        raise Refused(str(error)) from error
    if not changed:
        raise Refused("it is blocked already")
    return "blocked"


def _restore(user: User, asked: Asked) -> str:
    try:
        changed = restore(user, by=User.objects.get(pk=asked.by))
    except CannotBlock as error:
        raise Refused(str(error)) from error
    if not changed:
        raise Refused("it is not blocked")
    return "let in again"


def _erase(user: User, asked: Asked) -> str:
    try:
        erase(user)
    except CannotErase as error:
        raise Refused(str(error)) from error
    return "erased"


def _forget(user: User, asked: Asked) -> str:
    if not forget(user):
        raise Refused("it has no second factor")
    return "signs in with its password alone, and enrols anew where it must"


block_accounts = confirmed(
    Ask(
        "block_accounts",
        "Block",
        "Every session and token ends, and nobody can sign in to these accounts. Orders under way go on.",
        ACCOUNT,
        _block,
        permission="block",
    )
)
restore_accounts = confirmed(
    Ask("restore_accounts", "Restore", "These accounts can be signed in to again.", ACCOUNT, _restore, "block")
)
erase_accounts = confirmed(
    Ask(
        "erase_accounts",
        "Erase personal data",
        "Names, contacts and addresses of these customers are blanked for good; their orders stay in the books under a"
        " number. There is no way back.",
        ACCOUNT,
        _erase,
        permission="erase",
    )
)
forget_factors = confirmed(
    Ask(
        "forget_factors",
        "Remove the second factor",
        "For somebody who lost phone and recovery codes. Make sure that it is them who ask.",
        ACCOUNT,
        _forget,
        permission="forget",
    )
)


class AddressInline(RecordInline):
    """A row is never rewritten: orders that went there keep the door they were placed for."""

    model = Address
    fields = ["label", "line", "instructions", "latitude", "longitude", "is_default", "removed"]


@admin.register(User)
class AccountAdmin(AccountAdminBase):
    list_display = ["username", "part", "email", "standing", "is_staff", "has_second_factor", "last_login"]
    list_filter = ["role", "is_active", "is_staff", "groups"]
    search_fields = ["username", "email", "first_name", "last_name"]
    date_hierarchy = "date_joined"
    ordering = ["username"]
    fieldsets = [*(UserAdmin.fieldsets or ()), ("Forkroad", {"fields": ["role"]})]
    add_fieldsets = [*UserAdmin.add_fieldsets, ("Forkroad", {"fields": ["role"]})]
    readonly_fields = ["last_login", "date_joined"]
    inlines = [AddressInline]
    actions = [block_accounts, restore_accounts, erase_accounts, forget_factors]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        factor = Authenticator.objects.filter(user=OuterRef("pk"))
        return super().get_queryset(request).annotate(second_factor=Exists(factor))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        # Rights and passwords stand on the form: who may change them for others may become anybody.
        return _is_superuser(request)

    def has_view_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return request.user.has_perm("accounts.view_user")

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        # Orders and the ledger name accounts: they are erased, never deleted.
        return False

    def has_block_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_user")

    def has_erase_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.delete_user")

    def has_forget_permission(self, request: HttpRequest) -> bool:
        return _is_superuser(request)

    @admin.display(description="role", ordering="role")
    def part(self, user: User) -> str:
        return pill(user.get_role_display(), "work" if user.is_operator else "plain")

    @admin.display(description="standing", ordering="is_active")
    def standing(self, user: User) -> str:
        return pill("active", "good") if user.is_active else pill("blocked", "bad")

    @admin.display(description="second factor", boolean=True, ordering="second_factor")
    def has_second_factor(self, user: Any) -> bool:
        return bool(user.second_factor)


@admin.register(Address)
class AddressAdmin(RecordAdmin):
    list_display = ["user", "label", "line", "is_default", "removed"]
    list_filter = ["is_default", "removed"]
    list_select_related = ["user"]
    search_fields = ["user__username", "line"]
    ordering = ["-id"]


def _is_superuser(request: HttpRequest) -> bool:
    return bool(request.user.is_active and request.user.is_superuser)
