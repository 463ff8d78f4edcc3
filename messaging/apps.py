from django.apps import AppConfig


class MessagingApp(AppConfig):
    name = "messaging"

    def ready(self) -> None:
        from . import tracing

        tracing.start()
