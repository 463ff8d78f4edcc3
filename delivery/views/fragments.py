"""Pieces of this room that other rooms' pages show."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from accounts.access import account, for_role
from accounts.models import Role
from delivery.selectors import delivery_of
from orders.models import Order


@for_role(Role.CUSTOMER)
@require_GET
def courier_of(request: HttpRequest, order_id: uuid.UUID) -> HttpResponse:
    """Who brings the order, by first name, on its customer's tracker."""
    order = get_object_or_404(Order.objects.for_customer(account(request).pk), pk=order_id)
    delivery = delivery_of(order)
    first_name = delivery.courier_name.split(" ")[0] if delivery else ""
    return render(request, "delivery/_courier_of.html", {"order": order, "first_name": first_name})
