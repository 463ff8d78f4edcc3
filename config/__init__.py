"""How the project is wired: settings, addresses, the Celery app, the embedded servers."""

from .celery import app as celery_app

__all__ = ["celery_app"]
