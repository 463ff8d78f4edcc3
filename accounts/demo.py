"""The accounts a demo offers to sign in as, with what to try."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from .models import User


@dataclass(frozen=True, slots=True)
class DemoRole:
    username: str
    title: str
    hint: str
    icon: str


def demo_roles() -> list[DemoRole]:
    """Alice, the first courier, the first restaurant and the operator, as far as they exist."""
    names = User.objects.filter(Q(username__in=["alice", "operator"]) | Q(username__regex=r"^(c|r)-"), is_active=True)
    # In the order they were made: the simulator leaves the first courier and restaurant to people.
    known = list(names.order_by("pk").values_list("username", flat=True))
    courier = next((name for name in known if name.startswith("c-")), None)
    restaurant = next((name for name in known if name.startswith("r-")), None)
    wanted = [
        ("alice", "Customer Alice", "Order something and watch it come", "bag"),
        (courier, "A courier", "Go online and take an offer", "bike"),
        (restaurant, "A restaurant", "Accept and cook", "pan"),
        ("operator", "The operator", "See the whole city and any order's story", "gauge"),
    ]
    return [DemoRole(name, title, hint, icon) for name, title, hint, icon in wanted if name in known]
