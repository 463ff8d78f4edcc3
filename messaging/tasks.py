"""The base of every command: what a worker runs when SQS hands it a message.

A command is a function with keyword-only ids, registered under the name its sender uses:

    from messaging.tasks import command

    @command("payments.authorise")
    def authorise(*, order: str) -> None: ...

Returning acknowledges the message. Raising does not: SQS hands it out again after a wait that grows with its
receive count, and moves it to the dead letters after `settings.MAX_RECEIVES`. So a command may run twice, at any
time, and says "not yet" by raising; there is no `self.retry` and nothing to return. A `countdown` of up to 900 s is
SQS's own delay.
"""

from __future__ import annotations

import logging
import traceback
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec, cast

from celery import Task, shared_task
from django.db import DatabaseError
from opentelemetry.trace import SpanKind

from . import tracing
from .models import TaskRun
from .names import queue_of
from .runs import Begun, Ended, writer

if TYPE_CHECKING:
    TaskBase = Task[..., None]
else:
    TaskBase = Task

logger = logging.getLogger(__name__)

P = ParamSpec("P")


class Command(TaskBase):
    """Writes down each receive of a message and how it ended, so that an order's whole story can be read.

    The two writes are statements of their own, outside whatever transaction the command opens: a run that is
    rolled back must still be seen. A function called directly, not by a worker, is not recorded.
    """

    abstract = True
    Request = "messaging.sqs.requests:Request"
    ignore_result = True
    acks_late = True
    reject_on_worker_lost = True
    acks_on_failure = False
    acks_on_timeout = False

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        if self.request.called_directly:
            self.run(*args, **kwargs)
            return
        request = self.request
        facts: dict[str, str | int] = {
            tracing.KEY: str(getattr(request, "key", None) or ""),
            "message": str(request.id),
            "receive count": received(request),
        }
        sent = str(getattr(request, "traceparent", None) or "")
        also = getattr(request, "also", None) or ()
        with tracing.continued(sent, self.name, kind=SpanKind.CONSUMER, facts=facts, also=also):
            self.recorded(*args, **kwargs)

    def recorded(self, *args: Any, **kwargs: Any) -> None:
        """Run it, between the two writes."""
        run = begin(self)
        try:
            self.run(*args, **kwargs)
        except BaseException as error:
            finish(run, TaskRun.Outcome.FAILED, "".join(traceback.format_exception_only(error)).strip())
            raise
        finish(run, TaskRun.Outcome.SUCCEEDED)


def command(
    name: str, *, throws: tuple[type[Exception], ...] = (), **options: Any
) -> Callable[[Callable[P, None]], Task[P, None]]:
    """Register a function as the command `name`; see the module's docstring for what returning and raising mean.

    Exceptions in `throws` are expected ("not yet"): the message comes back all the same, but the log has no traceback.

    Raises:
        LookupError: no queue carries commands of this name.
    """
    queue_of(name)

    def register(function: Callable[P, None]) -> Task[P, None]:
        register_shared: Any = shared_task(base=Command, name=name, throws=throws, **options)
        return cast("Task[P, None]", register_shared(function))

    return register


def received(request: Any) -> int:
    """How often SQS has handed this message out, this time included."""
    return int(getattr(request, "receive_count", None) or 1)


def begin(task: Command) -> Begun:
    """Write down that a worker received this message."""
    request = task.request
    task_id = uuid.UUID(str(request.id))
    receive_count = received(request)
    if receive_count > 1:
        # Killed, or overtaken by its visibility timeout: if it does end after all, it says so itself.
        TaskRun.objects.filter(task_id=task_id, outcome=TaskRun.Outcome.RUNNING).update(
            outcome=TaskRun.Outcome.FAILED, error="received again before an end was recorded"
        )
    run = Begun(
        task_id=task_id,
        task=task.name,
        queue=(request.delivery_info or {}).get("routing_key") or "",
        key=str(getattr(request, "key", None) or ""),
        receive_count=receive_count,
        worker=str(request.hostname or ""),
    )
    writer.write(run)
    return run


def finish(run: Begun, outcome: TaskRun.Outcome, error: str = "") -> None:
    """Write down how it ended; a database that is gone by now must not change how the message is settled."""
    try:
        # PostgreSQL takes no NUL in a text, and what a command raises may carry one.
        writer.write(Ended(run.id, outcome, error.replace("\0", "\N{REPLACEMENT CHARACTER}")[:2000]))
    except DatabaseError:
        logger.warning("the end of %s could not be recorded (%s)", run, outcome, exc_info=True)
