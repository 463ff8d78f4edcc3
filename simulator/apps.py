from django.apps import AppConfig


class SimulatorApp(AppConfig):
    name = "simulator"
