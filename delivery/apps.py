from django.apps import AppConfig


class DeliveryApp(AppConfig):
    name = "delivery"

    def ready(self) -> None:
        """Declare this room's events, so that every process can read them."""
        from . import events  # noqa: F401
