"""A restaurant's post to those who follow it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.access import account, for_role
from accounts.models import Role
from orders import posts
from orders.models import Restaurant


@for_role(Role.RESTAURANT)
@require_POST
def post(request: HttpRequest) -> HttpResponse:
    try:
        posts.post(request.POST.get("text", ""), by=account(request))
    except Restaurant.DoesNotExist:
        raise Http404("You have no restaurant.") from None
    except posts.CannotPost as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Posted: your followers are being told.")
    return redirect("orders:kitchen")
