"""Tables of records that need no clothes of their own: each gets a list of its columns, to be read and searched."""

from __future__ import annotations

from django.apps import apps
from django.contrib import admin
from django.db import models

from messaging.admin_base import RecordAdmin

ROOMS = ("orders", "messaging", "analytics")
#: Shown inside what they belong to.
INSIDE = frozenset({"IncidentStep", "MenuOption", "OpeningHours", "OptionGroup", "OrderLine", "RefundLine"})
#: What such a record is asked for by.
KEYS = ("key", "order_id", "quote_id", "restaurant_id", "zone", "group")
#: More do not fit beside one another.
COLUMNS = 9


def register_rest() -> None:
    """Once every room has registered what it cares for."""
    for room in ROOMS:
        for model in apps.get_app_config(room).get_models():
            if model not in admin.site._registry and model.__name__ not in INSIDE:
                admin.site.register(model, _plain(model))


def _plain(model: type[models.Model]) -> type[RecordAdmin]:
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, models.AutoField)]
    names = [field.name for field in fields]
    own = [field.name for field in fields if not field.is_relation]
    return type(
        f"{model.__name__}Admin",
        (RecordAdmin,),
        {
            "list_display": names[:COLUMNS],
            "list_filter": [name for name in ("kind", "generation", "zone") if name in names],
            "list_select_related": [field.name for field in fields if field.is_relation],
            "search_fields": [f"={name}" for name in KEYS if name in own],
            "ordering": ["-pk"],
        },
    )
