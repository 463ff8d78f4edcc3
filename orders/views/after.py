"""After the order: rating it, its receipt, and the same again."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.access import account, for_role
from accounts.models import Role
from orders import customer
from orders.basket import load_basket, save_basket
from orders.city import city_now
from orders.models import Order, Rating, Status
from orders.payments.account import account_of
from orders.ratings import CannotRate, may_rate, rate
from orders.reorder import reorder

STARS = (1, 2, 3, 4, 5)


def rating_of(order: Order) -> dict[str, object]:
    """What the rating's part of a page shows."""
    given = Rating.objects.filter(order=order).first()
    return {"rating": given, "may_rate": may_rate(order), "stars": STARS}


@for_role(Role.CUSTOMER)
@require_GET
def rating(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """The form, once the order is delivered; before that, nothing to show."""
    order = _own(request, order_id)
    if order.status != Status.DELIVERED:
        return HttpResponse(status=204)
    return render(request, "orders/_rating.html", {"order": order} | rating_of(order))


@for_role(Role.CUSTOMER)
@require_POST
def rate_order(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    note = request.POST.get("note", "").replace("\0", "").strip()
    try:
        rate(order_id, by=account(request), food=_stars(request, "food"), courier=_stars(request, "courier"), note=note)
    except Order.DoesNotExist:
        raise Http404("You have no such order.") from None
    except CannotRate as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "Thank you. You can change it for two days.")
    return redirect("orders:order", order_id)


@for_role(Role.CUSTOMER)
@require_GET
def receipt(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    own = Order.objects.for_customer(account(request).pk).select_related("payment", "restaurant", "address")
    order = get_object_or_404(own.prefetch_related("lines"), pk=order_id)
    return render(request, "orders/receipt.html", {"order": order, "money": account_of(order)})


@for_role(Role.CUSTOMER)
@require_POST
def again(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """One press fills the basket; what cannot be had today is said."""
    order = _own(request, order_id)
    basket = load_basket(request.session)
    left_behind = basket.lines and basket.restaurant != order.restaurant.slug
    done = reorder(order, basket)
    for sentence in done.missing:
        messages.warning(request, sentence)
    if not done.taken:
        messages.error(request, f"Nothing of order {order.number} can be had today. Your basket is as it was.")
        return redirect("orders:restaurant", slug=order.restaurant.slug)
    save_basket(request.session, basket)
    if left_behind:
        messages.info(request, "An order is of one restaurant: the basket was begun anew.")
    if done.dearer:
        messages.info(request, "Prices have changed since: these are today's.")
    if not done.restaurant.is_open(city_now()):
        messages.warning(request, f"{done.restaurant.name} takes no orders at the moment. The basket waits.")
    return redirect("orders:basket")


@for_role(Role.CUSTOMER)
@require_POST
def waive_code(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    try:
        customer.waive_door_code(order_id, by=account(request))
    except Order.DoesNotExist:
        raise Http404("You have no such order.") from None
    messages.success(request, "The courier can hand it over without the code.")
    return redirect("orders:order", order_id)


def _own(request: HttpRequest, order_id: uuid.UUID) -> Order:
    own = Order.objects.for_customer(account(request).pk).select_related("restaurant").prefetch_related("lines")
    return get_object_or_404(own, pk=order_id)


def _stars(request: HttpRequest, name: str) -> int | None:
    """The form's number; None where nothing was chosen, and one out of range for what is no number."""
    text = request.POST.get(name, "")
    return None if not text else int(text) if text.isdecimal() and len(text) < 4 else 0
