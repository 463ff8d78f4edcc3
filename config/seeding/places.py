"""Zones, restaurants with their menus, and couriers of a plan; what exists is brought up to the plan."""

from __future__ import annotations

from accounts.models import User
from delivery.couriers import StillCarrying, go_offline
from delivery.models import Courier, Zone
from orders.models import MenuItem, MenuOption, OpeningHours, OptionGroup, Restaurant
from simulator.plan import CityPlan, ItemPlan

RESTAURANT_FIELDS = ["name", "cuisine", "zone", "latitude", "longitude", "preparation_minutes", "delivery_fee"]
ITEM_FIELDS = ["section", "description", "price", "allergens", "position"]
COURIER_FIELDS = ["name", "zone", "capacity", "latitude", "longitude"]


def seed_zones(plan: CityPlan) -> None:
    Zone.objects.bulk_create(
        [Zone(slug=each.slug, name=each.name) for each in plan.zones],
        update_conflicts=True,
        unique_fields=["slug"],
        update_fields=["name"],
    )


def seed_restaurants(plan: CityPlan, users: dict[str, User]) -> None:
    restaurants = Restaurant.objects.bulk_create(
        [
            Restaurant(
                user=users[each.username],
                slug=each.slug,
                **{field: getattr(each, field) for field in RESTAURANT_FIELDS},
            )
            for each in plan.restaurants
        ],
        update_conflicts=True,
        unique_fields=["slug"],
        update_fields=RESTAURANT_FIELDS,
    )
    OpeningHours.objects.filter(restaurant__in=restaurants).delete()
    OpeningHours.objects.bulk_create(
        OpeningHours(restaurant=restaurant, weekday=span.weekday, opens=span.opens, closes=span.closes)
        for restaurant, each in zip(restaurants, plan.restaurants, strict=True)
        for span in each.hours
    )
    _seed_menus(plan, restaurants)


def _seed_menus(plan: CityPlan, restaurants: list[Restaurant]) -> None:
    planned = [
        (restaurant, position, item)
        for restaurant, each in zip(restaurants, plan.restaurants, strict=True)
        for position, item in enumerate(each.items)
    ]
    items = MenuItem.objects.bulk_create(
        [
            MenuItem(
                restaurant=restaurant,
                section=item.section,
                name=item.name,
                description=item.description,
                price=item.price,
                allergens=list(item.allergens),
                position=position,
            )
            for restaurant, position, item in planned
        ],
        update_conflicts=True,
        unique_fields=["restaurant", "name"],
        update_fields=ITEM_FIELDS,
    )
    # An item that this plan leaves out would still be for sale. Placed orders keep their own copy of what they bought.
    MenuItem.objects.filter(restaurant__in=restaurants).exclude(pk__in=[item.pk for item in items]).delete()
    _seed_options([(item, each) for item, (_, _, each) in zip(items, planned, strict=True)])


def _seed_options(planned: list[tuple[MenuItem, ItemPlan]]) -> None:
    groups = OptionGroup.objects.bulk_create(
        [
            OptionGroup(item=item, name=each.name, minimum=each.minimum, maximum=each.maximum, position=position)
            for item, plan in planned
            for position, each in enumerate(plan.groups)
        ],
        update_conflicts=True,
        unique_fields=["item", "name"],
        update_fields=["minimum", "maximum", "position"],
    )
    known = {(group.item_id, group.name): group for group in groups}
    options = MenuOption.objects.bulk_create(
        [
            MenuOption(item=item, group=known.get((item.pk, each.group)), name=each.name, price=each.price)
            for item, plan in planned
            for each in plan.options
        ],
        update_conflicts=True,
        unique_fields=["item", "name"],
        update_fields=["price", "group"],
    )
    # What this plan leaves out would still be for sale, and a required group without options could not be answered.
    items = [item.pk for item, _ in planned]
    MenuOption.objects.filter(item__in=items).exclude(pk__in=[each.pk for each in options]).delete()
    OptionGroup.objects.filter(item__in=items).exclude(pk__in=[each.pk for each in groups]).delete()


def seed_couriers(plan: CityPlan, users: dict[str, User]) -> None:
    """Couriers start off shift; those on shift whom this plan does not know go home when they carry nothing."""
    names = {each.username for each in plan.couriers}
    for stranger in Courier.objects.filter(online=True).exclude(user__username__in=names):
        try:
            go_offline(stranger.pk, reason="operator")
        except StillCarrying:
            continue
    Courier.objects.bulk_create(
        [
            Courier(
                user=users[each.username],
                name=each.name,
                zone_id=each.zone,
                capacity=each.capacity,
                latitude=each.latitude,
                longitude=each.longitude,
            )
            for each in plan.couriers
        ],
        update_conflicts=True,
        unique_fields=["user"],
        update_fields=COURIER_FIELDS,
    )
