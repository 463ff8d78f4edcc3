"""What tests start from: Alice and Bob who order, Charlie who has no business here, a restaurant, a courier."""

from __future__ import annotations

import functools
import uuid
from datetime import timedelta

from django.contrib.auth.hashers import make_password

from accounts.models import Address, Role, User
from delivery.models import Courier, Shift, Zone
from orders import checkout, lifecycle
from orders.checkout import LineRequest
from orders.city import city_now
from orders.lifecycle import Actor
from orders.models import MenuItem, MenuOption, OptionGroup, Order, Restaurant

PASSWORD = "forkroad"

#: Where the restaurant stands; the customer's door lies about a kilometre to the north.
COUNTER = (48.2, 16.37)
DOOR = (48.209, 16.37)


@functools.cache
def hashed_password() -> str:
    # Hashing is slow by design: once is enough for all accounts of a test run.
    return make_password(PASSWORD)


def make_user(username: str, role: Role) -> User:
    return User.objects.create(username=username, role=role, password=hashed_password())


def make_customer(username: str = "alice") -> User:
    """A customer with one address."""
    customer = make_user(username, Role.CUSTOMER)
    Address.objects.create(user=customer, line=f"{username}'s door", latitude=DOOR[0], longitude=DOOR[1])
    return customer


def alice() -> User:
    return make_customer("alice")


def bob() -> User:
    return make_customer("bob")


def charlie() -> User:
    """The outsider: a customer like others, to whom nothing of the test belongs."""
    return make_customer("charlie")


def make_operator(username: str = "operator") -> User:
    return User.objects.create(
        username=username, role=Role.OPERATOR, password=hashed_password(), is_staff=True, is_superuser=True
    )


def make_zone(slug: str = "centre") -> Zone:
    return Zone.objects.get_or_create(slug=slug, defaults={"name": slug.title()})[0]


def make_restaurant(
    slug: str = "soup-kitchen",
    *,
    zone: str = "centre",
    at: tuple[float, float] = COUNTER,
    delivery_fee: int = 290,
) -> Restaurant:
    """Open around the clock, with soup (900, options bread +100 and cream +50) and cake (450)."""
    make_zone(zone)
    restaurant = Restaurant.objects.create(
        user=make_user(f"r-{slug}", Role.RESTAURANT),
        name=slug.replace("-", " ").title(),
        slug=slug,
        cuisine="soup",
        zone=zone,
        latitude=at[0],
        longitude=at[1],
        delivery_fee=delivery_fee,
    )
    soup = MenuItem.objects.create(restaurant=restaurant, section="Mains", name="Soup", price=900, position=1)
    MenuItem.objects.create(restaurant=restaurant, section="Sweets", name="Cake", price=450, position=2)
    MenuOption.objects.bulk_create(
        [MenuOption(item=soup, name="Bread", price=100), MenuOption(item=soup, name="Cream", price=50)]
    )
    return restaurant


def add_choices(item: MenuItem) -> None:
    """A size (small, large +300; one must be chosen) and toppings (seeds +40, croutons +50, herbs; at most two)."""
    size = OptionGroup.objects.create(item=item, name="Size", minimum=1, maximum=1)
    topping = OptionGroup.objects.create(item=item, name="Topping", maximum=2, position=1)
    wanted = [(size, "Small", 0), (size, "Large", 300), (topping, "Seeds", 40), (topping, "Croutons", 50)]
    MenuOption.objects.bulk_create(
        MenuOption(item=item, group=group, name=name, price=price)
        for group, name, price in [*wanted, (topping, "Herbs", 0)]
    )


def make_courier(
    username: str = "c-01",
    *,
    zone: str = "centre",
    at: tuple[float, float] = COUNTER,
    capacity: int = 1,
    online: bool = True,
) -> Courier:
    """A courier, by default on shift at the restaurant's counter."""
    courier = Courier.objects.create(
        user=make_user(username, Role.COURIER),
        name=username,
        zone=make_zone(zone),
        capacity=capacity,
        online=online,
        latitude=at[0],
        longitude=at[1],
        position_at=city_now(),
    )
    if online:
        Shift.objects.create(courier=courier, started_at=city_now())
    return courier


def one_soup(restaurant: Restaurant, *, quantity: int = 1) -> list[LineRequest]:
    soup = restaurant.items.get(name="Soup")
    return [LineRequest(item=soup.id, quantity=quantity, unit_price=soup.price)]


def place_order(
    customer: User | None = None,
    restaurant: Restaurant | None = None,
    *,
    quantity: int = 1,
    card: str = "tok_ok",
    key: str | None = None,
) -> Order:
    """An order of soup, placed through the real checkout; makes whoever is missing."""
    customer = customer or User.objects.filter(username="alice").first() or alice()
    restaurant = restaurant or Restaurant.objects.first() or make_restaurant()
    return checkout.place_order(
        customer=customer,
        restaurant=restaurant.slug,
        lines=one_soup(restaurant, quantity=quantity),
        address=checkout.AddressRequest(line="1 Test Lane", latitude=DOOR[0], longitude=DOOR[1]),
        card=card,
        expected_total=900 * quantity + restaurant.delivery_fee,
        idempotency_key=key or uuid.uuid4().hex,
    )


def paid_order(customer: User | None = None, restaurant: Restaurant | None = None) -> Order:
    """An order whose payment is authorised, as the payments worker leaves it."""
    from orders.payments import tasks

    order = place_order(customer, restaurant)
    tasks.authorise(order=str(order.id))
    order.refresh_from_db()
    return order


def accepted_order(customer: User | None = None, restaurant: Restaurant | None = None, *, minutes: float = 15) -> Order:
    """An order that its restaurant cooks, waiting for a courier."""
    order = paid_order(customer, restaurant)
    actor = Actor("restaurant", order.restaurant.user_id)
    return lifecycle.accept(order.id, by=actor, preparation=timedelta(minutes=minutes))


def ready_order(customer: User | None = None, restaurant: Restaurant | None = None) -> Order:
    """An order that waits at the counter."""
    order = accepted_order(customer, restaurant)
    return lifecycle.mark_ready(order.id, by=Actor("restaurant", order.restaurant.user_id))
