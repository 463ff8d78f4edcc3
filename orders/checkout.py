"""From what a customer wants to a placed order, or to a refusal that says why."""

from __future__ import annotations

import hashlib
import math
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import msgspec
from django.db import IntegrityError, transaction

from accounts.models import Address, User

from . import lifecycle, tokens
from .basket import MAX_ITEMS, MAX_LINES, BasketLine
from .city import city_now, distance_metres
from .lifecycle import Actor
from .menu import UnknownOption, WrongChoice, choices_of, chosen_options, restaurant_with_menu, unit_price
from .models import MenuItem, Order, OrderLine, Quote, Restaurant
from .pricing.fares import fee_of
from .pricing.quotes import held_quote, quote_for

#: Minor units; an order above this is a mistake, or a fraud.
MAX_TOTAL = 1_000_000


class CheckoutRefused(Exception):
    """Nothing was written. `code` names the reason for programs, the message for people, `details` what changed.

    Codes: empty_basket, too_large, bad_quantity, unknown_restaurant, unknown_item, mixed_restaurants,
    unknown_option, wrong_choice, sold_out, closed, price_changed, unknown_quote, fee_changed, bad_address, bad_card,
    bad_key.
    """

    def __init__(self, code: str, message: str, **details: Any) -> None:
        self.code = code
        self.details = details
        super().__init__(message)


class IdempotencyConflict(Exception):
    """The idempotency key was used before, for another order. Use a new key for a new order."""


@dataclass(frozen=True, slots=True)
class LineRequest:
    """A wanted line. `unit_price` is what the customer saw, minor units, options included."""

    item: int
    quantity: int
    unit_price: int
    options: tuple[int, ...] = ()

    @classmethod
    def of(cls, line: BasketLine) -> LineRequest:
        return cls(item=line.item, quantity=line.quantity, unit_price=line.unit_price, options=line.options)


@dataclass(frozen=True, slots=True)
class AddressRequest:
    """Where to bring it: a line of text and a point on earth."""

    line: str
    latitude: float
    longitude: float
    instructions: str = ""


def place_order(
    *,
    customer: User,
    restaurant: str,
    lines: Sequence[LineRequest],
    address: AddressRequest,
    card: str,
    expected_total: int,
    idempotency_key: str,
    door_code: bool = False,
    device: str = "",
    quote_id: uuid.UUID | None = None,
) -> Order:
    """Place an order at the menu of this moment; `restaurant` is a slug, `expected_total` in minor units, fee included.

    `quote_id` names the fee that was shown: it is the one that is charged. Without it the fee is today's, if that is
    what `expected_total` expects.
    With `door_code` the courier can hand it over only against a code that the customer tells them.
    `device` is what the browser or app calls itself, if anything.

    The same key with the same request gives the order it gave before, whatever the menu says today.

    Raises:
        CheckoutRefused: the order cannot be placed as it is asked for.
        IdempotencyConflict: the key belongs to another request.
    """
    if not 1 <= len(idempotency_key) <= 80 or "\0" in idempotency_key:
        raise CheckoutRefused("bad_key", "Send an idempotency key of 1 to 80 characters.")
    digest = request_digest(restaurant, lines, address, card, expected_total, door_code=door_code, quote_id=quote_id)
    try:
        shop = _open_restaurant(restaurant, lines)
        bought = _bought_lines(shop, lines)
        subtotal = sum(line.total for line in bought)
        quote = _held(shop, quote_id, subtotal) if quote_id else None
        fee = quote.fee if quote else fee_of(shop).now
        _check_prices(fee, lines, bought, subtotal + fee, expected_total)
        _check_door_and_card(address, card)
    except CheckoutRefused:
        # A repeated request may meet a menu that has moved on since it succeeded.
        earlier = _earlier_order(customer, idempotency_key, digest)
        if earlier is None:
            raise
        return earlier
    order = Order(
        customer=customer,
        restaurant=shop,
        zone=shop.zone,
        subtotal=subtotal,
        delivery_fee=fee,
        total=subtotal + fee,
        quote=quote,
        idempotency_key=idempotency_key,
        request_digest=digest,
        door_code=f"{secrets.randbelow(10_000):04d}" if door_code else "",
        device_token=tokens.device_token(device),
        door_token=tokens.door_token(address.latitude, address.longitude),
    )
    by, distance = Actor("customer", customer.id), _distance(shop, address)
    try:
        with transaction.atomic():
            order.address = _address(customer, address)
            return lifecycle.place(order, bought, card=card, by=by, distance=distance)
    except IntegrityError as error:
        # Of two simultaneous requests with one key, the index lets one through; no check before could.
        if _violated(error) != "order_placed_once":
            raise
    earlier = _earlier_order(customer, idempotency_key, digest)
    assert earlier is not None, "the index found the key, so its order is committed"
    return earlier


def request_digest(
    restaurant: str,
    lines: Sequence[LineRequest],
    address: AddressRequest,
    card: str,
    expected_total: int,
    *,
    door_code: bool = False,
    quote_id: uuid.UUID | None = None,
) -> str:
    """SHA-256 of all that makes a request that request."""
    body: list[Any] = [restaurant, [asdict(line) for line in lines], asdict(address), card, expected_total]
    if door_code:
        # Only then, so that a request of before the code existed is still itself.
        body.append("door_code")
    if quote_id:
        body.append(f"quote {quote_id}")
    return hashlib.sha256(msgspec.json.encode(body)).hexdigest()


def _earlier_order(customer: User, key: str, digest: str) -> Order | None:
    order = Order.objects.select_related("restaurant").filter(customer=customer, idempotency_key=key).first()
    if order is not None and order.request_digest != digest:
        raise IdempotencyConflict(f"the idempotency key was used for order {order.number}, which is another request")
    return order


def _open_restaurant(slug: str, lines: Sequence[LineRequest]) -> Restaurant:
    if not lines:
        raise CheckoutRefused("empty_basket", "The basket is empty.")
    if any(line.quantity < 1 for line in lines):
        raise CheckoutRefused("bad_quantity", "Every line needs at least one piece.")
    if len(lines) > MAX_LINES or sum(line.quantity for line in lines) > MAX_ITEMS:
        raise CheckoutRefused("too_large", f"An order holds at most {MAX_ITEMS} pieces in {MAX_LINES} lines.")
    try:
        restaurant = restaurant_with_menu(slug)
    except Restaurant.DoesNotExist:
        raise CheckoutRefused("unknown_restaurant", "There is no such restaurant.") from None
    if not restaurant.is_open(city_now()):
        why = "takes no orders for the moment" if restaurant.paused else "is closed now"
        raise CheckoutRefused("closed", f"{restaurant.name} {why}.", paused=restaurant.paused)
    return restaurant


def _bought_lines(restaurant: Restaurant, lines: Sequence[LineRequest]) -> list[OrderLine]:
    menu = {item.id: item for item in restaurant.items.all()}
    bought = []
    for line in lines:
        item = menu.get(line.item)
        if item is None:
            # Item ids come from outside and may be larger than the column: the lookup then finds nothing.
            if MenuItem.objects.filter(pk=line.item).exists():
                raise CheckoutRefused("mixed_restaurants", "An order is of one restaurant.", item=line.item)
            raise CheckoutRefused("unknown_item", f"{restaurant.name} has no such item.", item=line.item)
        if item.sold_out:
            raise CheckoutRefused("sold_out", f"{item.name} is sold out.", item=item.id)
        try:
            options = chosen_options(item, line.options)
        except UnknownOption as error:
            raise CheckoutRefused("unknown_option", str(error), item=item.id) from None
        except WrongChoice as error:
            raise CheckoutRefused("wrong_choice", str(error), item=item.id) from None
        bought.append(
            OrderLine(
                item_id=item.id,
                name=item.name,
                options=[option.name for option in options],
                choices=choices_of(item, options),
                quantity=line.quantity,
                unit_price=unit_price(item, options),
            )
        )
    return bought


def _held(restaurant: Restaurant, quote_id: uuid.UUID, subtotal: int) -> Quote:
    """The quote that the customer was shown, if it still holds or today's fee is the same."""
    try:
        quote = held_quote(restaurant, quote_id)
    except Quote.DoesNotExist:
        raise CheckoutRefused("unknown_quote", f"{restaurant.name} never quoted that fee.") from None
    if quote is None:
        today = quote_for(restaurant)
        raise CheckoutRefused(
            "fee_changed",
            f"The fee has changed since you looked: delivery now costs {today.fee / 100:.2f}.",
            total=subtotal + today.fee,
            delivery_fee=today.fee,
            quote=str(today.pk),
        )
    return quote


def _check_prices(
    fee: int,
    lines: Sequence[LineRequest],
    bought: Sequence[OrderLine],
    total: int,
    expected_total: int,
) -> None:
    if total > MAX_TOTAL:
        raise CheckoutRefused("too_large", "The order costs more than one order may.", total=total)
    as_seen = all(new.unit_price == old.unit_price for new, old in zip(bought, lines, strict=True))
    if as_seen and total == expected_total:
        return
    raise CheckoutRefused(
        "price_changed",
        f"Prices have changed: the order now costs {total / 100:.2f}.",
        total=total,
        delivery_fee=fee,
        prices=[
            {"item": new.item_id, "options": list(old.options), "unit_price": new.unit_price}
            for new, old in zip(bought, lines, strict=True)
        ],
    )


def _check_door_and_card(address: AddressRequest, card: str) -> None:
    on_earth = abs(address.latitude) <= 90 and abs(address.longitude) <= 180  # false for NaN, too
    texts = (address.line, address.instructions)
    if not on_earth or not address.line.strip() or any(len(text) > 200 or "\0" in text for text in texts):
        raise CheckoutRefused("bad_address", "The address needs a line of at most 200 characters and a place on earth.")
    if not 1 <= len(card) <= 60 or "\0" in card:
        raise CheckoutRefused("bad_card", "Choose a card.")


def _address(customer: User, address: AddressRequest) -> Address:
    """The customer's address, known or new; written with the order, so that a refused order leaves none."""
    wanted = asdict(address)
    known = Address.objects.filter(user=customer, removed=False, **wanted).first()
    return known or Address.objects.create(user=customer, **wanted)


def _distance(shop: Restaurant, address: AddressRequest) -> int | None:
    """Metres from the counter to the door; None where the restaurant's own place is not to be found on a map."""
    counter, door = (shop.latitude, shop.longitude), (address.latitude, address.longitude)
    metres = distance_metres(counter, door, origin_latitude=shop.latitude)
    return round(metres) if math.isfinite(metres) else None


def _violated(error: IntegrityError) -> str:
    """Name of the constraint that refused the write."""
    diagnostics = getattr(error.__cause__, "diag", None)
    return (diagnostics and diagnostics.constraint_name) or ""
