"""Commands of the wiring itself; Celery looks for them in a module of this name."""

from .comparison.tasks import compare

__all__ = ["compare"]
