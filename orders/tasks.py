"""Where Celery looks for this room's commands."""

from . import lateness
from .payments import tasks as payments

__all__ = ["lateness", "payments"]
