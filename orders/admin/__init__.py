"""Orders, payments and restaurants in the admin. An order's status changes in `orders.lifecycle` and nowhere else."""

from . import money, orders, restaurants

__all__ = ["money", "orders", "restaurants"]
