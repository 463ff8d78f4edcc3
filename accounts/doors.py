"""The pages of saved addresses."""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from . import addresses
from .access import account, for_role
from .models import Address, Role


class AddressForm(forms.Form):
    """A door: text for the courier, and a point on the map."""

    line = forms.CharField(max_length=200, error_messages={"required": "Say where it is: a street and a number."})
    instructions = forms.CharField(max_length=200, required=False)
    label = forms.CharField(max_length=30, required=False)
    latitude = forms.FloatField(min_value=-90, max_value=90)
    longitude = forms.FloatField(min_value=-180, max_value=180)
    default = forms.BooleanField(required=False)


@for_role(Role.CUSTOMER)
@require_http_methods(["GET", "POST"])
def mine(request: HttpRequest) -> HttpResponse:
    """All of them, and a form for one more."""
    known = list(addresses.saved(account(request)))
    # A new door is mostly in the same town.
    beginning = {"latitude": known[0].latitude, "longitude": known[0].longitude} if known else None
    form = AddressForm(request.POST or None, initial=beginning)
    if form.is_valid():
        addresses.save(by=account(request), **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect("addresses")
    context = {"addresses": known, "form": form}
    return render(request, "accounts/addresses.html", context, status=422 if form.is_bound else 200)


@for_role(Role.CUSTOMER)
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, address_id: int) -> HttpResponse:
    known = get_object_or_404(Address, user=account(request), pk=address_id, removed=False)
    fields = ("line", "instructions", "label", "latitude", "longitude")
    beginning = {name: getattr(known, name) for name in fields} | {"default": known.is_default}
    form = AddressForm(request.POST or None, initial=beginning)
    if form.is_valid():
        addresses.save(by=account(request), instead_of=known.pk, **form.cleaned_data)
        messages.success(request, "Saved. Orders on their way keep the door they were placed for.")
        return redirect("addresses")
    context = {"address": known, "form": form}
    return render(request, "accounts/address.html", context, status=422 if form.is_bound else 200)


@for_role(Role.CUSTOMER)
@require_POST
def make_default(request: HttpRequest, address_id: int) -> HttpResponse:
    return _do(request, lambda: addresses.make_default(address_id, by=account(request)), "It is chosen beforehand now.")


@for_role(Role.CUSTOMER)
@require_POST
def remove(request: HttpRequest, address_id: int) -> HttpResponse:
    return _do(request, lambda: addresses.remove(address_id, by=account(request)), "Removed.")


def _do(request: HttpRequest, action: Callable[[], None], done: str) -> HttpResponse:
    try:
        action()
    except Address.DoesNotExist:
        raise Http404("You have no such address.") from None
    messages.success(request, done)
    return redirect("addresses")
