"""The operator's pages: the city in numbers, the two roads, and any order's story."""

from __future__ import annotations

import uuid
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.shortcuts import render as render_page
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from accounts.access import account, for_role
from accounts.asked import by_htmx
from accounts.models import Role
from delivery.handover import REASONS
from delivery.selectors import offers_of, why_no_courier
from orders import lifecycle
from orders.city import city_now
from orders.lifecycle import CANCEL, Actor, IllegalTransition
from orders.models import Order
from orders.payments import machine

from .board import render, scope_of, title_of
from .couriers import LIVE
from .roads import consumer_lag, outbox_backlog, queue_depths
from .search import find_orders
from .story import story_of


@for_role(Role.OPERATOR)
@require_GET
def city(request: HttpRequest) -> HttpResponse:
    """The dashboard; `?zone=` or `?restaurant=` narrows it. Afterwards `config.live.board` keeps it fresh."""
    scope = scope_of(request.GET.get("zone", ""), request.GET.get("restaurant", ""))
    pieces = {name: mark_safe(html) for name, html in render(city_now(), scope).items()}
    asked = {"zone": scope.zone} if scope.zone else {}
    if scope.restaurant:
        asked["restaurant"] = str(scope.restaurant)
    context = {"pieces": pieces, "heading": title_of(scope), "query": urlencode(asked)}
    return render_page(request, "operator/city.html", context)


@for_role(Role.OPERATOR)
@require_GET
def roads(request: HttpRequest) -> HttpResponse:
    """A fragment of its own: a queue server that is away must not hold up the numbers."""
    context = {"backlog": outbox_backlog(), "queues": queue_depths(), "groups": consumer_lag()}
    return render_page(request, "operator/_roads.html", context)


@for_role(Role.OPERATOR)
@require_GET
@vary_on_headers("HX-Request")
def orders(request: HttpRequest) -> HttpResponse:
    words = request.GET.get("words", "").strip()
    template = "operator/_orders.html" if by_htmx(request) else "operator/orders.html"
    return render_page(request, template, {"orders": find_orders(words)[:50], "words": words})


@for_role(Role.OPERATOR)
@require_GET
@vary_on_headers("HX-Request")
def story(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """The page; for htmx the timeline alone."""
    order = get_object_or_404(Order.objects.select_related("restaurant", "customer", "payment"), pk=order_id)
    context = {
        "order": order,
        "story": story_of(order),
        "offers": offers_of(order),
        "why_no_courier": why_no_courier(order),
        "reasons": REASONS,
    }
    template = "operator/_story.html" if by_htmx(request) else "operator/story.html"
    return render_page(request, template, context | _actions_of(order))


@for_role(Role.OPERATOR)
@require_GET
def actions(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """What can be done about an order; nothing where that is what is shown: a reason may be half written."""
    order = get_object_or_404(Order.objects.select_related("payment"), pk=order_id)
    context = _actions_of(order)
    if request.GET.get("stands") == context["stands"]:
        return HttpResponse(status=204)
    return render_page(request, "operator/_actions.html", context | {"order": order})


def _actions_of(order: Order) -> dict[str, object]:
    payment = order.payment
    can = {
        "live": order.status in LIVE,
        "may_refund": payment.state in machine.PAID and payment.captured > payment.refunding,
        "may_cancel": order.status in CANCEL.allowed["operator"],
    }
    return can | {"stands": " ".join(name for name, now in can.items() if now)}


@for_role(Role.OPERATOR)
@require_POST
def cancel(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    get_object_or_404(Order, pk=order_id)
    reason = request.POST.get("reason", "").strip()[:200]
    if not reason:
        messages.error(request, "Nothing was changed: say why the order is called off.")
        return redirect("operator-story", order_id)
    try:
        lifecycle.cancel(order_id, by=Actor("operator", account(request).pk), reason=reason)
    except IllegalTransition as error:
        messages.error(request, f"Nothing was changed: the order is {error.status.replace('_', ' ')} already.")
    return redirect("operator-story", order_id)
