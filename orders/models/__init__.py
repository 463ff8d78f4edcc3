"""Restaurants and menus, the order and its life, what was paid, and the ledger of it."""

from .city import City
from .ledger import Account, Entry, Posting
from .order import FINAL, Order, OrderHistory, OrderLine, Status
from .payment import GatewayEvent, Payment, PaymentHistory, Refund, RefundLine
from .restaurant import MenuItem, MenuOption, OpeningHours, Restaurant

__all__ = [
    "FINAL",
    "Account",
    "City",
    "Entry",
    "GatewayEvent",
    "MenuItem",
    "MenuOption",
    "OpeningHours",
    "Order",
    "OrderHistory",
    "OrderLine",
    "Payment",
    "PaymentHistory",
    "Posting",
    "Refund",
    "RefundLine",
    "Restaurant",
    "Status",
]
