"""Who follows whom in a seeded city, so that a restaurant's first post reaches somebody."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.models import Role, User
from notifications.models import Follower
from orders.models import Restaurant

#: Restaurants that each customer follows.
EACH = 3


def seed_followers(users: Sequence[User]) -> None:
    """Every customer follows a few restaurants, the same ones whenever the same city is seeded."""
    restaurants = list(Restaurant.objects.order_by("slug").values_list("pk", flat=True))
    customers = sorted((user for user in users if user.role == Role.CUSTOMER), key=lambda user: user.username)
    pairs = {
        (restaurants[(number * 5 + step * 7) % len(restaurants)], user.pk)
        for number, user in enumerate(customers)
        for step in range(min(EACH, len(restaurants)))
    }
    Follower.objects.bulk_create(
        [Follower(restaurant_id=restaurant, user_id=user) for restaurant, user in sorted(pairs)],
        ignore_conflicts=True,
        batch_size=1000,
    )
