"""Signing in for programs: a name and a password, or in a demo just a name, for a bearer token."""

from __future__ import annotations

from typing import Annotated

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest
from ninja import Router, Schema, Status
from ninja.errors import AuthenticationError, HttpError
from pydantic import StringConstraints

from .models import User
from .second_factor import SecondFactorMissing, check_code
from .tokens import make_token

router = Router(tags=["accounts"])

Name = Annotated[str, StringConstraints(min_length=1, max_length=150, pattern=r"^[^\x00]*$")]


class Credentials(Schema):
    """`code`: of the account's second factor, where it has one; a recovery code will do."""

    username: Name
    password: Name
    code: Annotated[str, StringConstraints(max_length=20, pattern=r"^[^\x00]*$")] = ""


class DemoCredentials(Schema):
    username: Name


class Failure(Schema):
    code: str
    message: str


class Token(Schema):
    token: str
    role: str


@router.post("/token", response={200: Token, 401: Failure})
def token(request: HttpRequest, body: Credentials) -> Status[Token] | Status[Failure]:
    """A token for a name and password, and a code where staff need one; 429 after too many wrong ones.

    All sign-in pages and all processes share the count.
    """
    try:
        user = get_adapter(request).authenticate(request, username=body.username, password=body.password)
        if not isinstance(user, User):
            raise AuthenticationError(message="Name or password is wrong.")
        check_code(user, body.code)
    except ValidationError as refusal:
        raise HttpError(429, " ".join(refusal.messages)) from refusal
    except SecondFactorMissing as missing:
        return Status(401, Failure(code="second_factor", message=str(missing)))
    return Status(200, Token(token=make_token(user), role=user.role))


@router.post("/demo/token", response={200: Token, 404: Failure})
def demo_token(request: HttpRequest, body: DemoCredentials) -> Status[Token] | Status[Failure]:
    """A token for a name alone, where FORKROAD_DEMO=1; never for an account with staff rights."""
    if not settings.DEMO:
        raise Http404
    user = User.objects.filter(username=body.username, is_active=True, is_staff=False).first()
    if user is None:
        return Status(404, Failure(code="unknown_account", message="No demo account has this name."))
    return Status(200, Token(token=make_token(user), role=user.role))
