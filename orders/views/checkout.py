"""Paying: everything is shown before, and a refusal leaves the basket as it was."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts import addresses
from accounts.access import account, for_role
from accounts.models import Role, User
from orders.basket import Basket, load_basket, save_basket
from orders.checkout import AddressRequest, CheckoutRefused, IdempotencyConflict, LineRequest, place_order
from orders.devices import device_of, remembers_device
from orders.models import Order, Restaurant
from orders.pricing.quotes import quote_for

from .basket import ShownLine, shown_basket

#: The sandbox's cards, and what each is good for.
CARDS = [
    ("tok_ok", "Visa ending 4242 – is approved"),
    ("tok_slow", "Maestro ending 0007 – is approved slowly"),
    ("tok_declined", "Mastercard ending 0002 – is declined"),
    ("tok_insufficient_funds", "Visa ending 9995 – has no money on it"),
    ("tok_3ds", "Visa ending 3155 – its bank asks you to confirm"),
    ("tok_timeout", "Visa ending 0015 – is charged, and the gateway's answer is lost"),
]


class CheckoutForm(forms.Form):
    """A saved address by its id, or `new` with a line of text and a point on the map."""

    door = forms.CharField()
    line = forms.CharField(max_length=200, required=False)
    instructions = forms.CharField(max_length=200, required=False)
    latitude = forms.FloatField(required=False, min_value=-90, max_value=90)
    longitude = forms.FloatField(required=False, min_value=-180, max_value=180)
    door_code = forms.BooleanField(required=False)
    card = forms.ChoiceField(choices=CARDS)
    key = forms.CharField(max_length=80)
    expected_total = forms.IntegerField()
    quote = forms.UUIDField(required=False)

    def __init__(self, data: Any = None, *, user: User, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial)
        self.addresses = list(addresses.saved(user))

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        chosen = next((known for known in self.addresses if str(known.pk) == cleaned.get("door")), None)
        if chosen:
            cleaned["address"] = AddressRequest(chosen.line, chosen.latitude, chosen.longitude, chosen.instructions)
        elif not cleaned.get("line", "").strip():
            self.add_error("line", "Say where to bring it: a street and a number.")
        elif cleaned.get("latitude") is None or cleaned.get("longitude") is None:
            self.add_error("line", "The courier needs the point on the map, too.")
        else:
            cleaned["address"] = AddressRequest(
                cleaned["line"], cleaned["latitude"], cleaned["longitude"], cleaned.get("instructions", "")
            )
        return cleaned


@for_role(Role.CUSTOMER)
@require_http_methods(["GET", "POST"])
@remembers_device
def checkout(request: HttpRequest) -> HttpResponse:
    basket = load_basket(request.session)
    if request.method == "POST":
        # The first press may have emptied the basket already: the second is shown what the first one placed.
        # PostgreSQL's text holds no NUL, and would call one an error of the statement.
        key = request.POST.get("key", "").replace("\0", "")
        placed = Order.objects.for_customer(account(request).pk).filter(idempotency_key=key)
        if earlier := placed.first():
            return redirect("orders:order", earlier.pk)
    shop, lines = shown_basket(basket)
    if shop is None:
        messages.info(request, "Your basket is empty.")
        return redirect("orders:basket")
    form = CheckoutForm(request.POST or None, user=account(request), initial=_beginning(shop))
    if form.is_valid():
        try:
            return redirect("orders:order", _place(request, basket, form.cleaned_data).pk)
        except CheckoutRefused as refusal:
            _explain(request, basket, refusal)
            _, lines = shown_basket(basket)
        except IdempotencyConflict:
            messages.error(request, "This order was changed in another window. Look it over once more.")
    return _page(request, basket, form, shop=shop, lines=lines)


def _place(request: HttpRequest, basket: Basket, asked: dict[str, Any]) -> Order:
    order = place_order(
        customer=account(request),
        restaurant=basket.restaurant,
        lines=[LineRequest.of(line) for line in basket.lines],
        address=asked["address"],
        card=asked["card"],
        expected_total=asked["expected_total"],
        idempotency_key=asked["key"],
        door_code=asked["door_code"],
        device=device_of(request),
        quote_id=asked["quote"],
    )
    basket.clear()
    save_basket(request.session, basket)
    return order


def _explain(request: HttpRequest, basket: Basket, refusal: CheckoutRefused) -> None:
    """Say why; when prices have moved, note the new ones so that the next look shows them."""
    if refusal.code == "price_changed":
        prices = {(row["item"], tuple(row["options"])): row["unit_price"] for row in refusal.details["prices"]}
        basket.reprice(prices)
        save_basket(request.session, basket)
        messages.warning(request, f"{refusal} Look it over, then press again.")
    elif refusal.code == "fee_changed":
        messages.warning(request, f"{refusal} Nothing was charged. Look it over, then press again.")
    else:
        messages.error(request, f"{refusal} Nothing was charged, and your basket is as it was.")


def _page(
    request: HttpRequest, basket: Basket, form: CheckoutForm, *, shop: Restaurant, lines: list[ShownLine]
) -> HttpResponse:
    quote = quote_for(shop)
    context = {
        "basket": basket,
        "restaurant": shop,
        "lines": lines,
        "quote": quote,
        "total": basket.subtotal + quote.fee,
        "form": form,
        "cards": CARDS,
        "chosen": form.data.get("door") or str(form.addresses[0].pk if form.addresses else "new"),
        "card": form.data.get("card") or "tok_ok",
    }
    return render(request, "orders/checkout.html", context, status=422 if form.is_bound else 200)


def _beginning(shop: Restaurant) -> dict[str, float]:
    """A door some streets from the restaurant, until the customer says otherwise."""
    return {"latitude": round(shop.latitude + 0.006, 5), "longitude": round(shop.longitude + 0.004, 5)}
