"""The couriers part of an order's page: who might bring it and why they do not yet, and the operator's own hand."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.access import account, for_role
from accounts.asked import by_htmx
from accounts.models import Role
from delivery import handover, why
from delivery.handover import HandoverRefused
from delivery.models import HELD, Assignment, Courier
from delivery.selectors import why_no_courier
from orders.lifecycle import Actor
from orders.models import Order, Status

#: The statuses in which an order can be given to somebody.
LIVE = (Status.ACCEPTED, Status.READY, Status.PICKED_UP)


@for_role(Role.OPERATOR)
@require_GET
def couriers(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    return _panel(request, order_id)


@for_role(Role.OPERATOR)
@require_POST
def hand_over(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """Assign, reassign or withdraw: what the operator saw is sent along, and only that is changed."""
    trouble = ""
    try:
        _carry_out(request, order_id)
    except (Order.DoesNotExist, Courier.DoesNotExist):
        raise Http404("There is no such order or courier.") from None
    except HandoverRefused as error:
        trouble = f"Nothing was changed: {error}."
    except ValueError as error:
        trouble = str(error)
    if by_htmx(request):
        return _panel(request, order_id, trouble=trouble)
    if trouble:
        messages.error(request, trouble)
    return redirect("operator-story", order_id)


def _carry_out(request: HttpRequest, order_id: uuid.UUID) -> None:
    by = Actor("operator", account(request).pk)
    reason = request.POST.get("reason", "")
    if reason not in handover.REASONS:
        raise ValueError("Say why: choose a reason.")
    to, held_by = (int(request.POST.get(name) or 0) for name in ("to", "held_by"))
    if not to:
        handover.withdraw(order_id, held_by=held_by, by=by, reason=reason)
    elif request.POST.get("seen") == Assignment.State.ACTIVE:
        handover.reassign(order_id, held_by=held_by, to=to, by=by, reason=reason)
    else:
        handover.assign(order_id, to=to, by=by, reason=reason)


def _panel(request: HttpRequest, order_id: uuid.UUID, *, trouble: str = "") -> HttpResponse:
    order = get_object_or_404(Order.objects.select_related("restaurant", "address"), pk=order_id)
    job = Assignment.objects.filter(order=order, state__in=HELD).select_related("courier").first()
    live = order.status in LIVE
    found = why.candidates(order) if live else []
    context = {
        "order": order,
        "live": live,
        "job": job,
        "why_no_courier": why_no_courier(order),
        "page": Paginator(found, why.PAGE).get_page(request.GET.get("page")),
        "trouble": trouble,
    }
    return render(request, "operator/_couriers.html", context)
