"""Reading menus: a restaurant with all that a menu page, a basket or a checkout asks about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from .models import MenuItem, MenuOption, OptionGroup, Restaurant


class UnknownOption(LookupError):
    """The option belongs to another item, or to none, or was named twice."""


class WrongChoice(LookupError):
    """A group of options asks for more, or allows fewer."""


@dataclass(frozen=True, slots=True)
class Choosing:
    """A group and its options; without a group, extras that may be taken or left."""

    group: OptionGroup | None
    options: list[MenuOption]


def restaurant_with_menu(slug: str) -> Restaurant:
    """The restaurant with items, options, their groups and hours loaded: five queries, whatever the size of its menu.

    Raises:
        Restaurant.DoesNotExist: no such restaurant.
    """
    if "\0" in slug:
        raise Restaurant.DoesNotExist  # PostgreSQL would call it an error of the statement, not an unknown slug
    return Restaurant.objects.prefetch_related("items__options", "items__groups", "hours").get(slug=slug)


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
        WrongChoice: too many or too few of a group.
    """
    offered = {option.id: option for option in item.options.all()}
    chosen = []
    for wanted in options:
        option = offered.pop(wanted, None)
        if option is None:
            raise UnknownOption(f"{item.name} has no option {wanted}, or it was chosen twice")
        chosen.append(option)
    for group in item.groups.all():
        count = sum(option.group_id == group.pk for option in chosen)
        if not group.minimum <= count <= group.maximum:
            raise WrongChoice(f"{item.name}, {group.name}: {group.rule.lower()}.")
    return chosen


def choosings(item: MenuItem) -> list[Choosing]:
    """The item's options as a customer is asked about them: by group, then the extras of none."""
    by_group: dict[int | None, list[MenuOption]] = {}
    for option in item.options.all():
        by_group.setdefault(option.group_id, []).append(option)
    asked: list[Choosing] = [Choosing(group, by_group.pop(group.pk, [])) for group in item.groups.all()]
    loose = [option for options in by_group.values() for option in options]
    return [each for each in [*asked, Choosing(None, loose)] if each.options]


@dataclass(frozen=True, slots=True)
class Dish:
    """An item as the menu's page shows it."""

    item: MenuItem
    choosings: list[Choosing]


def dishes(restaurant: Restaurant) -> list[tuple[str, list[Dish]]]:
    """The menu by section, each item with what is asked about it."""
    return [(name, [Dish(item, choosings(item)) for item in items]) for name, items in sections(restaurant)]


def needs_choice(item: MenuItem) -> bool:
    """Whether it cannot be ordered without choosing something."""
    return any(group.minimum for group in item.groups.all())


def choices_of(item: MenuItem, options: Iterable[MenuOption]) -> list[dict[str, str | int]]:
    """The chosen options as an order's line keeps them, whatever later menus call them or ask for them."""
    groups = {group.pk: group.name for group in item.groups.all()}
    return [
        {"option": each.pk, "group": groups.get(each.group_id or 0, ""), "name": each.name, "price": each.price}
        for each in options
    ]


def unit_price(item: MenuItem, options: Iterable[MenuOption]) -> int:
    """Price of one piece with its options, in minor units."""
    return item.price + sum(option.price for option in options)
