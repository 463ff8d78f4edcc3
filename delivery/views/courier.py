"""The courier's page and its buttons. Each answers with the page as it is then, so pressing twice is harmless."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from accounts.access import account, for_role
from accounts.models import Role
from delivery import couriers, offers
from delivery.couriers import JobReleased, StillCarrying
from delivery.models import Assignment, Courier, Offer
from delivery.offers import OfferGone
from orders.lifecycle import IllegalTransition, WrongDoorCode

from .desk import page_of

#: What the courier reads when somebody or something was quicker, by OfferGone's code.
GONE = {
    "taken": "Taken by another courier.",
    "expired": "Too late: the time for this offer is over.",
    "withdrawn": "This offer was withdrawn.",
    "declined": "You declined this offer before.",
    "accepted": "You took this order already.",
}


@for_role(Role.COURIER)
@require_GET
@vary_on_headers("HX-Request")
def page(request: HttpRequest) -> HttpResponse:
    """The page; for htmx its moving part alone."""
    return _show(request)


@for_role(Role.COURIER)
@require_POST
def online(request: HttpRequest) -> HttpResponse:
    courier = _courier(request)
    try:
        latitude, longitude = (float(part) for part in request.POST.get("place", "").split(","))
        if not (abs(latitude) <= 90 and abs(longitude) <= 180 and math.isfinite(latitude + longitude)):
            raise ValueError
    except ValueError:
        latitude, longitude = courier.latitude, courier.longitude
    couriers.go_online(courier.pk, latitude=latitude, longitude=longitude)
    return _show(request)


@for_role(Role.COURIER)
@require_POST
def offline(request: HttpRequest) -> HttpResponse:
    courier = _courier(request)
    return _do(request, lambda: couriers.go_offline(courier.pk))


@for_role(Role.COURIER)
@require_POST
def answer(request: HttpRequest, offer_id: uuid.UUID, word: str) -> HttpResponse:
    courier = _courier(request)
    verb = offers.accept if word == "accept" else offers.decline
    return _do(request, lambda: verb(offer_id, courier=courier))


@for_role(Role.COURIER)
@require_POST
def picked_up(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    courier = _courier(request)
    return _do(request, lambda: couriers.pick_up(order_id, courier=courier))


@for_role(Role.COURIER)
@require_POST
def delivered(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    courier, code = _courier(request), request.POST.get("door_code", "")[:20]
    return _do(request, lambda: couriers.deliver(order_id, courier=courier, door_code=code))


def _courier(request: HttpRequest) -> Courier:
    return get_object_or_404(Courier.objects.select_related("zone"), user=account(request))


def _do(request: HttpRequest, action: Callable[[], object]) -> HttpResponse:
    trouble = ""
    try:
        action()
    except (Offer.DoesNotExist, Assignment.DoesNotExist):
        raise Http404("This is not yours.") from None
    except OfferGone as error:
        trouble = GONE.get(error.code, str(error))
    except JobReleased:
        trouble = "This order is not yours any more."
    except WrongDoorCode as wrong:
        trouble = (
            "That is not the customer's code." if wrong.left else "No more tries: the customer has to lift the code."
        )
    except StillCarrying:
        trouble = "You carry an order: deliver it first."
    except IllegalTransition as error:
        trouble = f"Not now: the order is {error.status.replace('_', ' ')}."
    return _show(request, trouble=trouble)


def _show(request: HttpRequest, *, trouble: str = "") -> HttpResponse:
    courier = _courier(request)
    if not request.htmx and request.method == "POST":  # type: ignore[attr-defined]
        if trouble:
            messages.error(request, trouble)
        return redirect("delivery:courier")
    template = "delivery/_desk.html" if request.htmx else "delivery/courier.html"  # type: ignore[attr-defined]
    return render(request, template, {"desk": page_of(courier), "trouble": trouble})
