from django.apps import AppConfig


class AnalyticsApp(AppConfig):
    name = "analytics"
