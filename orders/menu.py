"""Reading menus: a restaurant with all that a menu page, a basket or a checkout asks about it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from .models import MenuItem, MenuOption, Restaurant


class UnknownOption(LookupError):
    """The option belongs to another item, or to none, or was named twice."""


def restaurant_with_menu(slug: str) -> Restaurant:
    """The restaurant with items, options and hours loaded: four queries, whatever the size of its menu.

    Raises:
        Restaurant.DoesNotExist: no such restaurant.
    """
    if "\0" in slug:
        raise Restaurant.DoesNotExist  # PostgreSQL would call it an error of the statement, not an unknown slug
    return Restaurant.objects.prefetch_related("items__options", "hours").get(slug=slug)


def sections(restaurant: Restaurant) -> list[tuple[str, list[MenuItem]]]:
    """The menu by section, sections in the order of their first item."""
    items = list(restaurant.items.all())
    first = {item.section: at for at, item in reversed(list(enumerate(items)))}
    items.sort(key=lambda item: first[item.section])
    return [(name, list(group)) for name, group in groupby(items, key=lambda item: item.section)]


def chosen_options(item: MenuItem, options: Iterable[int]) -> list[MenuOption]:
    """The item's options of these ids, in the order asked.

    Raises:
        UnknownOption: another item's, nobody's, or one named twice.
    """
    offered = {option.id: option for option in item.options.all()}
    chosen = []
    for wanted in options:
        option = offered.pop(wanted, None)
        if option is None:
            raise UnknownOption(f"{item.name} has no option {wanted}, or it was chosen twice")
        chosen.append(option)
    return chosen


def unit_price(item: MenuItem, options: Iterable[MenuOption]) -> int:
    """Price of one piece with its options, in minor units."""
    return item.price + sum(option.price for option in options)
