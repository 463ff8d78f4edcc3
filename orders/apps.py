from django.apps import AppConfig


class OrdersApp(AppConfig):
    name = "orders"

    def ready(self) -> None:
        """Declare this room's events, so that every process can read them, and what it erases of a person."""
        from . import erasing, events  # noqa: F401
        from .payments import events as payment_events  # noqa: F401
        from .pricing import events as pricing_events  # noqa: F401
        from .pricing import ticks  # noqa: F401
