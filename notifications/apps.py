from django.apps import AppConfig


class NotificationsApp(AppConfig):
    name = "notifications"

    def ready(self) -> None:
        """Declare what this room erases of a person."""
        from . import erasing  # noqa: F401
