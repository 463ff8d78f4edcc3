"""Accounts of the demo. Their password is public, so they belong on a demo's database only."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.hashers import make_password

from accounts.models import Address, Role, User
from simulator.plan import AddressPlan, CityPlan

#: What every demo account is signed in with.
PASSWORD = "forkroad"

#: Customers for people to sign in as; the simulator leaves them alone.
VISITORS = ("alice", "bob")
#: Who gets e-mail in a demo: those whom somebody plays. The city's own people have no address, and so no mail.
REACHED_BY_MAIL = (*VISITORS, "operator")


def seed_accounts(plan: CityPlan) -> dict[str, User]:
    """The operator, the visitors and everyone of the plan, by username; accounts that exist keep their password."""
    roles: dict[str, Role] = dict.fromkeys(VISITORS, Role.CUSTOMER)
    roles |= {each.username: Role.CUSTOMER for each in (*plan.customers, *plan.crooks)}
    roles |= {each.username: Role.RESTAURANT for each in plan.restaurants}
    roles |= {each.username: Role.COURIER for each in plan.couriers}
    # One salted hash for all: hashing is slow by design, and this password protects nothing.
    password = make_password(PASSWORD)
    people = [User(username=name, role=role, password=password) for name, role in roles.items()]
    people.append(User(username="operator", role=Role.OPERATOR, password=password, is_staff=True, is_superuser=True))
    User.objects.bulk_create(people, ignore_conflicts=True)
    for name in REACHED_BY_MAIL:
        User.objects.filter(username=name, email="").update(email=f"{name}@forkroad.example")
    users = {user.username: user for user in User.objects.filter(username__in=[*roles, "operator"])}
    addresses = {each.username: each.addresses for each in plan.customers}
    # Visitors live where the first of the city's own customers do: within reach of its restaurants.
    doors = [each.addresses[:1] for each in plan.customers if each.addresses]
    addresses |= dict(zip(VISITORS, doors, strict=False))
    _seed_addresses(users, addresses)
    return users


def _seed_addresses(users: dict[str, User], wanted: dict[str, tuple[AddressPlan, ...]]) -> None:
    known = set(Address.objects.values_list("user_id", "line"))
    Address.objects.bulk_create(
        Address(user=users[name], line=each.line, latitude=each.latitude, longitude=each.longitude)
        for name, each in _pairs(wanted)
        if (users[name].pk, each.line) not in known
    )


def _pairs(wanted: dict[str, tuple[AddressPlan, ...]]) -> Iterable[tuple[str, AddressPlan]]:
    return ((name, each) for name, addresses in wanted.items() for each in addresses)
