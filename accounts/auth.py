"""Who is asking: a bearer token first, else the session cookie; and whether that role may."""

from __future__ import annotations

from django.http import HttpRequest
from ninja.security import HttpBearer, SessionAuth

from .models import Role, User
from .tokens import user_of_token


class WrongRole(Exception):
    """The account is known, but this is not for its role."""

    def __init__(self, user: User, *allowed: Role) -> None:
        super().__init__(f"this is for {' or '.join(allowed)} accounts, and {user.username} is a {user.role}")


class Bearer(HttpBearer):
    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        return user_of_token(token)


#: For NinjaAPI and its routers. The session's cookie brings Django's CSRF check with it, a token needs none.
SIGNED_IN = [Bearer(), SessionAuth()]


def asking_user(request: HttpRequest) -> User | None:
    """The user behind a request outside the API (a stream, a plain view), or None."""
    if request.headers.get("Authorization"):
        return Bearer()(request)
    return request.user if isinstance(request.user, User) else None


def user_with_role(request: HttpRequest, *roles: Role) -> User:
    """The authenticated user of an API request, who must have one of these roles (any, when none is named).

    Raises:
        WrongRole: signed in as somebody else.
    """
    user: User = request.auth  # type: ignore[attr-defined]  # set by ninja, from SIGNED_IN
    if roles and user.role not in roles:
        raise WrongRole(user, *roles)
    return user
