from django.apps import AppConfig


class MessagingApp(AppConfig):
    name = "messaging"
