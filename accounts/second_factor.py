"""A second factor for those who could do harm: staff and operators enrol before they go anywhere.

allauth asks for the code when somebody signs in. What it leaves to us: that staff must have one at all, that sessions
from before the enrolment do not count, and that a token for programs costs the same as a session.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast
from urllib.parse import urlencode

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.utils import is_mfa_enabled
from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.decorators import sync_and_async_middleware

from .models import User

#: Signing in and out, enrolling and proving: open to those who are asked to do so.
DOORS = "/account/"
LOOKING = frozenset({"GET", "HEAD"})


class SecondFactorMissing(Exception):
    """The password was right and is not enough; the message says what is missing."""


class Enrol(ActivateTOTPForm):  # type: ignore[misc]  # of allauth, which has no types
    """allauth's form, which also notes that this session has just shown a code: it is not asked for another one."""

    def clean_code(self) -> str:
        code: str = super().clean_code()
        record_authentication(context.request, self.user, "mfa", type="totp")
        return code


def is_asked_of(user: User) -> bool:
    """Whether this account needs a second factor."""
    return settings.STAFF_SECOND_FACTOR and (user.is_staff or user.is_operator)


def check_code(user: User, code: str) -> None:
    """Let a program in that shows the account's password: with a code, where the account has a second factor.

    Raises:
        SecondFactorMissing: no code, a wrong one, or an account of staff that is not enrolled.
        ValidationError: too many wrong codes.
    """
    if not is_mfa_enabled(user):
        if is_asked_of(user):
            raise SecondFactorMissing(f"This account needs a second factor first: enrol at {reverse('mfa_index')}.")
        return
    if not code:
        raise SecondFactorMissing("This account has a second factor: send its code, too.")
    form = AuthenticateForm(user=user, data={"code": code})
    if not form.is_valid():
        failure = form.errors.as_data()["code"][0]
        if failure.code == "incorrect_code":
            raise SecondFactorMissing("The code is wrong, was used before, or is too old.")
        raise ValidationError(failure.messages)
    form.authenticator.record_usage()


def forget(user: User) -> bool:
    """Remove an account's second factor with its recovery codes; False where it had none."""
    removed, _ = Authenticator.objects.filter(user=user).delete()
    return bool(removed)


@sync_and_async_middleware
def ask_for_second_factor(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Send staff without a second factor to enrol, and those whose session has not shown it to show it."""
    if iscoroutinefunction(get_response):

        async def answer_async(request: HttpRequest) -> HttpResponseBase:
            refusal = await sync_to_async(_refusal)(request) if _concerns(request) else None
            return refusal or await cast(Awaitable[HttpResponseBase], get_response(request))

        return answer_async

    def answer(request: HttpRequest) -> HttpResponseBase:
        refusal = _refusal(request) if _concerns(request) else None
        return refusal or cast(HttpResponseBase, get_response(request))

    return answer


def _concerns(request: HttpRequest) -> bool:
    # Without a session nobody is signed in, and a demo has no second factors: neither pays for a look.
    return (
        settings.STAFF_SECOND_FACTOR
        and settings.SESSION_COOKIE_NAME in request.COOKIES
        and not request.path_info.startswith(DOORS)
    )


def _refusal(request: HttpRequest) -> HttpResponseBase | None:
    user = request.user
    if not isinstance(user, User) or not is_asked_of(user):
        return None
    enrolled = is_mfa_enabled(user)
    if enrolled and any(record.get("method") == "mfa" for record in get_authentication_records(request, user)):
        return None
    if request.method in LOOKING and not request.path_info.startswith("/api/"):
        wanted = urlencode({"next": request.get_full_path()})
        return HttpResponseRedirect(f"{reverse('mfa_reauthenticate' if enrolled else 'mfa_activate_totp')}?{wanted}")
    message = "Show your second factor first." if enrolled else "This account needs a second factor first."
    return JsonResponse({"code": "second_factor", "message": f"{message} See {reverse('mfa_index')}."}, status=403)
