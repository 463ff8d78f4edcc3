"""Commands of the wiring itself; Celery looks for them in a module of this name."""

from .comparison.tasks import compare
from .operator.replaying import replay_group

__all__ = ["compare", "replay_group"]
