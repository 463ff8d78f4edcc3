"""Restaurants and menus, the order and its life, and what was paid."""

from .city import City
from .order import FINAL, Order, OrderHistory, OrderLine, Status
from .payment import Payment
from .restaurant import MenuItem, MenuOption, OpeningHours, Restaurant

__all__ = [
    "FINAL",
    "City",
    "MenuItem",
    "MenuOption",
    "OpeningHours",
    "Order",
    "OrderHistory",
    "OrderLine",
    "Payment",
    "Restaurant",
    "Status",
]
