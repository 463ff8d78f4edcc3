"""What every room's admin is made of: the theme's classes where the theme is on, Django's own otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import admin
from django.utils.html import format_html

from .readonly import ReadOnly

if TYPE_CHECKING or settings.ADMIN_THEME != "unfold":
    ThemedAdmin, ThemedTabular = admin.ModelAdmin, admin.TabularInline
else:
    from unfold.admin import ModelAdmin as ThemedAdmin
    from unfold.admin import TabularInline as ThemedTabular

if TYPE_CHECKING:
    AdminBase = admin.ModelAdmin[Any]
    TabularBase = admin.TabularInline[Any, Any]
else:
    AdminBase, TabularBase = ThemedAdmin, ThemedTabular

#: Bytes of a message that are shown; the rest is in the table.
SHOWN_BYTES = 4096


class ModelAdmin(AdminBase):
    """A list that stays quick on a table of millions: it counts what was found, never the whole table as well."""

    show_full_result_count = False
    list_per_page = 50


class TabularInline(TabularBase):
    extra = 0


class RecordAdmin(ReadOnly, ModelAdmin):
    """For what has happened: everybody may look who may look, nobody edits, whatever their rights."""


class RecordInline(ReadOnly, TabularInline):
    can_delete = False
    #: Nothing is a link of its own here: the list of its model is.
    show_change_link = False


def pill(text: str, tone: str = "plain") -> str:
    """A word in a colour: good, work, wait, bad or plain; under either theme, in either light."""
    return format_html('<span class="fr-pill fr-{}">{}</span>', tone, text)


def money(minor: int | None) -> str:
    """Minor units as people write them."""
    return "–" if minor is None else f"{minor / 100:.2f}"


def as_text(data: bytes | memoryview | None) -> str:
    """A message's bytes for reading, whatever they are."""
    text = bytes(data or b"")[:SHOWN_BYTES].decode("utf-8", "replace")
    return format_html('<pre class="fr-text">{}</pre>', text)
