"""Errors of the API: every one is {"code": for programs, "message": for people, …} with a fitting status.

A room's exceptions are plain Python; what HTTP makes of them is decided here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from accounts.auth import WrongRole
from delivery.announcing import CannotAnnounce
from delivery.couriers import JobReleased, StillCarrying
from delivery.offers import OfferGone
from notifications.followers import FollowsTooMany
from orders.checkout import CheckoutRefused, IdempotencyConflict
from orders.lifecycle import IllegalTransition, WrongDoorCode
from orders.payments.refunds import CannotRefund
from orders.posts import CannotPost

logger = logging.getLogger(__name__)

Answer = tuple[int, str, str, dict[str, Any]]

#: Codes of errors that ninja itself raises, by status.
CODES = {400: "malformed", 401: "not_signed_in", 403: "forbidden", 429: "too_many"}


def refused(error: CheckoutRefused) -> Answer:
    return 422, error.code, str(error), error.details


def key_conflict(error: IdempotencyConflict) -> Answer:
    return 409, "idempotency_conflict", str(error), {}


def illegal_transition(error: IllegalTransition) -> Answer:
    return 409, "illegal_transition", str(error), {"status": error.status, "wanted": error.target}


def wrong_door_code(error: WrongDoorCode) -> Answer:
    return 409, "door_code", str(error), {"left": error.left}


def cannot_refund(error: CannotRefund) -> Answer:
    return 422 if error.code in ("unknown_line", "too_much") else 409, error.code, str(error), {}


def cannot_post(error: CannotPost) -> Answer:
    return 409 if error.code == "too_soon" else 422, error.code, str(error), {}


def cannot_announce(error: CannotAnnounce) -> Answer:
    return 409 if error.code in ("overlap", "too_many") else 422, error.code, str(error), {}


def follows_too_many(error: FollowsTooMany) -> Answer:
    return 409, "follows_too_many", str(error), {}


def offer_gone(error: OfferGone) -> Answer:
    return 409, error.code, str(error), {}


def still_carrying(error: StillCarrying) -> Answer:
    return 409, "carrying", str(error), {}


def job_released(error: JobReleased) -> Answer:
    return 409, "released", str(error), {}


def not_found(error: Exception) -> Answer:
    # Unknown and another's read the same, so that nobody can find out which ids exist.
    return 404, "not_found", "There is nothing here, or it is not yours.", {}


def wrong_role(error: WrongRole) -> Answer:
    return 403, "wrong_role", str(error), {}


def not_signed_in(error: AuthenticationError) -> Answer:
    return 401, "not_signed_in", error.message if error.message != "Unauthorized" else "Send a bearer token.", {}


def http_error(error: HttpError) -> Answer:
    return error.status_code, CODES.get(error.status_code, "error"), error.message, {}


def invalid(error: ValidationError) -> Answer:
    problems = [{"where": ".".join(map(str, each["loc"])), "problem": each["msg"]} for each in error.errors]
    return 422, "invalid", "; ".join(f"{each['where']}: {each['problem']}" for each in problems), {"errors": problems}


def database_away(error: OperationalError | InterfaceError) -> Answer:
    # Nothing was answered with success, so nothing may be believed done: the client asks again, under the same key.
    logger.error("database unavailable: %s", error)
    return 503, "unavailable", "The database did not answer. Try again in a moment.", {}


def unstorable(error: DataError) -> Answer:
    return 422, "invalid", "A value is out of range, or holds characters that cannot be stored.", {}


HANDLERS: dict[type[Exception], Callable[[Any], Answer]] = {
    CheckoutRefused: refused,
    IdempotencyConflict: key_conflict,
    IllegalTransition: illegal_transition,
    WrongDoorCode: wrong_door_code,
    CannotRefund: cannot_refund,
    CannotPost: cannot_post,
    CannotAnnounce: cannot_announce,
    FollowsTooMany: follows_too_many,
    OfferGone: offer_gone,
    StillCarrying: still_carrying,
    JobReleased: job_released,
    ObjectDoesNotExist: not_found,
    Http404: not_found,
    WrongRole: wrong_role,
    AuthenticationError: not_signed_in,
    HttpError: http_error,
    ValidationError: invalid,
    DataError: unstorable,
    OperationalError: database_away,
    # A connection that broke in the middle is told of by either.
    InterfaceError: database_away,
}


def install_handlers(api: NinjaAPI) -> None:
    """Make the API answer every expected exception in the one shape."""
    for exception, answer in HANDLERS.items():
        api.add_exception_handler(exception, _handler(api, answer))


def unknown_address(request: HttpRequest, rest: str) -> JsonResponse:
    """What is left under /api/ when no route matched: programs expect JSON here, not a page."""
    return JsonResponse({"code": "not_found", "message": f"The API has no /api/{rest}."}, status=404)


def _handler(api: NinjaAPI, answer: Callable[[Any], Answer]) -> Callable[[HttpRequest, Any], HttpResponse]:
    def handle(request: HttpRequest, error: Any) -> HttpResponse:
        status, code, message, details = answer(error)
        return api.create_response(request, {"code": code, "message": message, **details}, status=status)

    return handle
