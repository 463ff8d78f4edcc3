"""Who may open a page: strangers are asked to sign in, the wrong role is told so."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from .models import Role, User

P = ParamSpec("P")
Page = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def for_role(*roles: Role) -> Callable[[Page[P]], Page[P]]:
    """Let in accounts of these roles only; an operator's superuser counts as operator."""

    def decorate(view: Page[P]) -> Page[P]:
        @login_required
        @wraps(view)
        def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            user = cast(User, request.user)
            role = Role.OPERATOR if user.is_operator else user.role
            if role not in roles:
                raise PermissionDenied(f"This page is for {' and '.join(roles)} accounts; you are signed in as {role}.")
            return view(request, *args, **kwargs)

        return cast("Page[P]", wrapper)

    return decorate


def account(request: HttpRequest) -> User:
    """The signed-in user of a page behind `for_role`."""
    return cast(User, request.user)


#: Where each role's work is: names of urls of other rooms, which this one does not import.
LANDINGS: dict[str, str] = {
    Role.COURIER: "delivery:courier",
    Role.RESTAURANT: "orders:kitchen",
    Role.OPERATOR: "operator",
}


def landing(user: User) -> str | None:
    """The url name of a role's own page; None for customers, who begin where everybody does."""
    return LANDINGS.get(Role.OPERATOR if user.is_operator else user.role)
