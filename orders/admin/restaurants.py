"""Restaurants and their menus, and the city's rules. What is a fact with an event is done by an action, not a tick."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from messaging.admin_base import ModelAdmin, TabularInline, money, pill
from messaging.confirming import Settled
from orders.models import City, MenuItem, MenuOption, OpeningHours, OptionGroup, Restaurant

from . import actions


class HoursInline(TabularInline):
    model = OpeningHours


@admin.register(Restaurant)
class RestaurantAdmin(Settled, ModelAdmin):
    list_display = ["name", "cuisine", "zone", "taking", "preparation_minutes", "fee", "menu", "unanswered"]
    list_filter = ["zone", "cuisine", "paused", "auto_paused"]
    search_fields = ["name", "slug"]
    autocomplete_fields = ["user"]
    # Pausing is a fact with an event: it is done by `orders.kitchen`, not by a tick box.
    readonly_fields = ["paused", "auto_paused", "unanswered", "version"]
    actions = [actions.pause_restaurants, actions.resume_restaurants]
    ordering = ["name"]
    inlines = [HoursInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Restaurant]:
        found: QuerySet[Restaurant] = super().get_queryset(request)
        # The account is what the verbs are called for.
        return found.select_related("user").annotate(dishes=Count("items"))

    @admin.display(ordering="delivery_fee")
    def fee(self, restaurant: Restaurant) -> str:
        return money(restaurant.delivery_fee)

    @admin.display(description="dishes", ordering="dishes")
    def menu(self, restaurant: Any) -> int:
        dishes: int = restaurant.dishes
        return dishes

    @admin.display(description="orders", ordering="paused")
    def taking(self, restaurant: Restaurant) -> str:
        if not restaurant.paused:
            return pill("takes orders", "good")
        return pill("paused by itself", "bad") if restaurant.auto_paused else pill("paused", "work")


class OptionInline(TabularInline):
    model = MenuOption

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Of the groups, only this item's own."""
        if db_field.name == "group" and request.resolver_match is not None:
            item = request.resolver_match.kwargs.get("object_id")
            kwargs["queryset"] = OptionGroup.objects.filter(item_id=item if str(item).isdecimal() else None)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class GroupInline(TabularInline):
    model = OptionGroup


@admin.register(MenuItem)
class MenuItemAdmin(Settled, ModelAdmin):
    list_display = ["name", "restaurant", "section", "cost", "there", "allergens"]
    list_filter = ["sold_out", "restaurant__zone", "restaurant__cuisine"]
    list_select_related = ["restaurant__user"]
    search_fields = ["name", "section", "restaurant__name"]
    autocomplete_fields = ["restaurant"]
    readonly_fields = ["sold_out"]
    actions = [actions.sell_out, actions.put_back]
    inlines = [GroupInline, OptionInline]
    ordering = ["restaurant__name", "position", "id"]

    @admin.display(ordering="price")
    def cost(self, item: MenuItem) -> str:
        return money(item.price)

    @admin.display(description="to be had", ordering="sold_out")
    def there(self, item: MenuItem) -> str:
        return pill("sold out", "bad") if item.sold_out else pill("yes", "good")


@admin.register(City)
class CityAdmin(ModelAdmin):
    list_display = ["name", "speed", "metres_per_minute", "offer_seconds", "confirm_minutes", "undeliverable_minutes"]
    search_fields = ["name"]
    # The clock is set by `manage.py seed`: two of these alone would make it jump.
    readonly_fields = ["id", "anchor_city", "anchor_wall", "speed"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: City | None = None) -> bool:
        return False
