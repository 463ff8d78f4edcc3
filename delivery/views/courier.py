"""The courier's page and its buttons. Each answers with the page as it is then, so pressing twice is harmless."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from accounts.access import account, for_role
from accounts.asked import by_htmx
from accounts.models import Role
from delivery import couriers, giving_back, offers
from delivery.couriers import JobReleased, StillCarrying
from delivery.giving_back import NoSuchReason
from delivery.models import Assignment, Courier, Offer
from delivery.offers import OfferGone
from orders.lifecycle import IllegalTransition, WrongDoorCode

from .desk import page_of

#: What the courier reads when somebody or something was quicker, by OfferGone's code. None of it is anybody's fault.
GONE = {
    "taken": "Taken by another courier.",
    "expired": "Too late: the time for this offer is over.",
    "withdrawn": "This offer was withdrawn.",
    "declined": "You declined this offer before.",
    "accepted": "You took this order already.",
}

#: What became of an order that a courier cannot go on with.
GIVEN_BACK = {
    "back": "{} is given back: another courier is asked.",
    "told": "An operator knows that you cannot go on with {}. Keep it until they say what to do.",
    "gone": "{} is not yours any more.",
}


#: The session's key of the latest loss that its courier has read.
UNDERSTOOD = "losses_understood"


@dataclass(frozen=True, slots=True)
class Word:
    """What a press came to, where that is not plain from the page; `tone` is error, warning or info."""

    text: str = ""
    tone: str = "info"


@for_role(Role.COURIER)
@require_GET
@vary_on_headers("HX-Request")
def page(request: HttpRequest) -> HttpResponse:
    """The page; for htmx its moving part alone."""
    return _show(request, Word())


@for_role(Role.COURIER)
@require_POST
def online(request: HttpRequest) -> HttpResponse:
    courier = courier_of(request)
    try:
        latitude, longitude = (float(part) for part in request.POST.get("place", "").split(","))
        if not (abs(latitude) <= 90 and abs(longitude) <= 180 and math.isfinite(latitude + longitude)):
            raise ValueError
    except ValueError:
        latitude, longitude = courier.latitude, courier.longitude
    couriers.go_online(courier.pk, latitude=latitude, longitude=longitude)
    return _show(request, Word())


@for_role(Role.COURIER)
@require_POST
def offline(request: HttpRequest) -> HttpResponse:
    courier = courier_of(request)
    return _do(request, lambda: couriers.go_offline(courier.pk))


@for_role(Role.COURIER)
@require_POST
def answer(request: HttpRequest, offer_id: uuid.UUID, word: str) -> HttpResponse:
    courier = courier_of(request)
    verb = offers.accept if word == "accept" else offers.decline
    return _do(request, lambda: verb(offer_id, courier=courier))


@for_role(Role.COURIER)
@require_POST
def picked_up(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    courier = courier_of(request)
    return _do(request, lambda: couriers.pick_up(order_id, courier=courier))


@for_role(Role.COURIER)
@require_POST
def delivered(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    courier, code = courier_of(request), request.POST.get("door_code", "")[:20]
    return _do(request, lambda: couriers.deliver(order_id, courier=courier, door_code=code))


@for_role(Role.COURIER)
@require_POST
def cannot_go_on(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    courier, reason = courier_of(request), request.POST.get("reason", "")

    def give_back() -> Word:
        given = giving_back.cannot_go_on(order_id, courier=courier, reason=reason)
        return Word(" ".join(GIVEN_BACK[each.outcome].format(each.order.number) for each in given))

    return _do(request, give_back)


@for_role(Role.COURIER)
@require_POST
def understood(request: HttpRequest) -> HttpResponse:
    """They have read what they lost, and go on."""
    latest = request.POST.get("latest", "")
    if latest.isdecimal() and len(latest) < 18:
        request.session[UNDERSTOOD] = max(int(latest), request.session.get(UNDERSTOOD, 0))
    return _show(request, Word())


def courier_of(request: HttpRequest) -> Courier:
    """The courier whose page it is."""
    return get_object_or_404(Courier.objects.select_related("zone"), user=account(request))


def _do(request: HttpRequest, action: Callable[[], object]) -> HttpResponse:
    try:
        done = action()
    except (Offer.DoesNotExist, Assignment.DoesNotExist):
        raise Http404("This is not yours.") from None
    except OfferGone as error:
        word = Word(GONE.get(error.code, str(error)))
    except JobReleased:
        word = Word("This order is not yours any more.", "warning")
    except WrongDoorCode as wrong:
        word = Word(
            "That is not the customer's code." if wrong.left else "No more tries: the customer has to lift the code.",
            "error",
        )
    except StillCarrying:
        word = Word("You carry an order: deliver it first.", "warning")
    except IllegalTransition as error:
        word = Word(f"Not now: the order is {error.status.replace('_', ' ')}.", "warning")
    except NoSuchReason as error:
        word = Word(str(error), "error")
    else:
        word = done if isinstance(done, Word) else Word()
    return _show(request, word)


def _show(request: HttpRequest, word: Word) -> HttpResponse:
    if not by_htmx(request) and request.method == "POST":
        if word.text:
            messages.add_message(request, getattr(messages, word.tone.upper()), word.text)
        return redirect("delivery:courier")
    # Read anew: the press may have ended the shift, or begun it.
    context = {
        "desk": page_of(courier_of(request), understood=request.session.get(UNDERSTOOD, 0)),
        "word": word,
        "before": giving_back.BEFORE,
        "after": giving_back.AFTER,
    }
    template = "delivery/_desk.html" if by_htmx(request) else "delivery/courier.html"
    return render(request, template, context)
