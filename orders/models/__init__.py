"""Restaurants and menus, the order and its life, what was paid, and the ledger of it."""

from .city import City
from .ledger import Account, Entry, Posting
from .order import FINAL, Order, OrderHistory, OrderLine, Status
from .payment import GatewayEvent, Payment, PaymentHistory, Refund, RefundLine
from .pricing import FareStep, Pressure, Quote, ZoneFare
from .rating import Rating
from .restaurant import Allergen, MenuItem, MenuOption, OpeningHours, OptionGroup, Restaurant

__all__ = [
    "FINAL",
    "Account",
    "Allergen",
    "City",
    "Entry",
    "FareStep",
    "GatewayEvent",
    "MenuItem",
    "MenuOption",
    "OpeningHours",
    "OptionGroup",
    "Order",
    "OrderHistory",
    "OrderLine",
    "Payment",
    "PaymentHistory",
    "Posting",
    "Pressure",
    "Quote",
    "Rating",
    "Refund",
    "RefundLine",
    "Restaurant",
    "Status",
    "ZoneFare",
]
