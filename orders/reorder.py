"""Ordering the same again, as far as today's menu has it."""

from __future__ import annotations

from dataclasses import dataclass, field

from .basket import Basket, BasketRefused
from .menu import UnknownOption, WrongChoice, chosen_options, restaurant_with_menu, unit_price
from .models import MenuItem, Order, OrderLine, Restaurant


@dataclass(slots=True)
class Again:
    """What came of it. `missing` are sentences for the customer, `dearer` whether a price is another than it was."""

    restaurant: Restaurant
    taken: int = 0
    missing: list[str] = field(default_factory=list)
    dearer: bool = False


def reorder(order: Order, basket: Basket) -> Again:
    """Fill the basket with the order's lines at today's prices; one that holds another restaurant's is begun anew.

    Where nothing of it is left on the menu, the basket stays as it is.
    """
    shop = restaurant_with_menu(order.restaurant.slug)
    menu = {item.pk: item for item in shop.items.all()}
    # A menu that was written anew has other ids for the same dishes.
    by_name = {item.name: item for item in shop.items.all()}
    again, fresh = Again(shop), Basket()
    for line in order.lines.all():
        item = menu.get(line.item_id) or by_name.get(line.name)
        if item is None:
            again.missing.append(f"{line.name} is no longer on the menu.")
        elif item.sold_out:
            again.missing.append(f"{item.name} is sold out.")
        else:
            _take(line, item, fresh, again)
    if fresh.lines:
        basket.restaurant, basket.lines, basket.key = fresh.restaurant, fresh.lines, fresh.key
    return again


def _take(line: OrderLine, item: MenuItem, basket: Basket, again: Again) -> None:
    try:
        options = chosen_options(item, _same_options(line, item))
        price = unit_price(item, options)
        basket.add(
            restaurant=again.restaurant.slug,
            item=item.pk,
            options=tuple(option.pk for option in options),
            quantity=line.quantity,
            unit_price=price,
        )
    except (UnknownOption, WrongChoice):
        again.missing.append(f"{item.name} has other options now: choose them anew.")
    except BasketRefused as refused:
        again.missing.append(f"{item.name}: {refused}")
    else:
        again.taken += line.quantity
        again.dearer |= price != line.unit_price


def _same_options(line: OrderLine, item: MenuItem) -> list[int]:
    """The line's options as the menu knows them: by id, else by name.

    Raises:
        UnknownOption: it has one of them no longer.
    """
    known = {option.pk for option in item.options.all()}
    by_name = {option.name: option.pk for option in item.options.all()}
    # Lines of before choices were kept have the names alone.
    wanted = [(each.get("option"), each["name"]) for each in line.choices] or [(None, name) for name in line.options]
    same = []
    for option, name in wanted:
        found = option if option in known else by_name.get(name)
        if found is None:
            raise UnknownOption(f"{item.name} has no {name} any more")
        same.append(found)
    return same
