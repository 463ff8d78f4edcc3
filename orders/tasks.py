"""Where Celery looks for this room's commands."""

from .payments import tasks as payments

__all__ = ["payments"]
