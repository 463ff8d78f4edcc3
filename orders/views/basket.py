"""The basket's page and the buttons that change it."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from orders.basket import Basket, BasketRefused, load_basket, save_basket
from orders.menu import UnknownOption, WrongChoice, chosen_options, restaurant_with_menu, unit_price
from orders.models import MenuItem, Restaurant
from orders.pricing.quotes import quote_for


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A basket line with the menu's words; `item` is None once it has left the menu."""

    index: int
    item: MenuItem | None
    options: list[str]
    quantity: int
    total: int


def shown_basket(basket: Basket) -> tuple[Restaurant | None, list[ShownLine]]:
    """The basket's restaurant and lines as the menu names them today."""
    try:
        shop = restaurant_with_menu(basket.restaurant)
    except Restaurant.DoesNotExist:
        return None, []
    menu = {item.id: item for item in shop.items.all()}
    lines = []
    for index, line in enumerate(basket.lines):
        item = menu.get(line.item)
        names = [option.name for option in item.options.all() if option.id in line.options] if item else []
        lines.append(ShownLine(index, item, names, line.quantity, line.total))
    return shop, lines


@require_GET
def basket(request: HttpRequest) -> HttpResponse:
    held = load_basket(request.session)
    shop, lines = shown_basket(held)
    quote = quote_for(shop) if shop else None
    context = {
        "basket": held,
        "restaurant": shop,
        "lines": lines,
        "quote": quote,
        "total": held.subtotal + (quote.fee if quote else 0),
    }
    return render(request, "orders/basket.html", context)


@require_POST
def add(request: HttpRequest, slug: str) -> HttpResponse:
    """Put an item in; a basket of another restaurant is begun anew, and the visitor is told."""
    try:
        shop = restaurant_with_menu(slug)
        item = next(item for item in shop.items.all() if str(item.id) == request.POST.get("item"))
        quantity = int(request.POST.get("quantity", "1"))
        options = chosen_options(item, _asked_options(request))
    except WrongChoice as error:
        messages.error(request, str(error))
        return redirect(f"{reverse('orders:restaurant', args=[slug])}#item-{item.pk}")
    except (Restaurant.DoesNotExist, StopIteration, UnknownOption, ValueError):
        raise Http404("This restaurant's menu has no such item.") from None
    held = load_basket(request.session)
    left_behind = held.restaurant not in ("", slug)
    _put(request, held, shop, item, tuple(option.id for option in options), quantity, unit_price(item, options))
    if left_behind:
        messages.info(request, "An order is of one restaurant: the basket was begun anew.")
    return redirect("orders:restaurant", slug=slug)


def _asked_options(request: HttpRequest) -> list[int]:
    """Of ticked extras, and of the groups of which just one is chosen."""
    ticked = request.POST.getlist("options")
    single = [str(text) for name, text in request.POST.items() if name.startswith("group-")]
    return [int(option) for option in (*single, *ticked)]


def _put(
    request: HttpRequest,
    held: Basket,
    shop: Restaurant,
    item: MenuItem,
    options: tuple[int, ...],
    quantity: int,
    price: int,
) -> None:
    if item.sold_out:
        messages.error(request, f"{item.name} is sold out.")
        return
    try:
        held.add(
            restaurant=shop.slug, item=item.id, options=options, quantity=quantity, unit_price=price, start_anew=True
        )
    except BasketRefused as refusal:
        messages.error(request, str(refusal))
        return
    save_basket(request.session, held)
    messages.success(request, f"{item.name} is in your basket.")


@require_POST
def change(request: HttpRequest, index: int) -> HttpResponse:
    """Set a line's quantity; zero takes it out."""
    held = load_basket(request.session)
    try:
        held.set_quantity(index, int(request.POST.get("quantity", "")))
        save_basket(request.session, held)
    except BasketRefused as refusal:
        messages.error(request, str(refusal))
    except ValueError:
        messages.error(request, "A quantity is a whole number.")
    return redirect("orders:basket")
