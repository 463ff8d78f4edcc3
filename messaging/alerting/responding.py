"""Carrying out an incident's steps, each once.

    @response("alerts.pause_restaurant")
    def pause_restaurant(incident: Incident) -> str:
        '''Returns what was done, in words for the operator.'''

The command's message may come twice, and two workers may have it at one instant: one conditional update decides which
of them acts. What is done in the database commits with that update, so it is done once and never half.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from messaging.models import Incident, IncidentStep
from messaging.tasks import command

State, Moment = IncidentStep.State, IncidentStep.Moment

#: Wall time after which a worker that calls somebody outside counts as dead.
LEASE = timedelta(seconds=30)

OVER = "it was over by then"


class StepHeld(Exception):
    """Another worker is about this step: the message must come back later."""


Response = Callable[[Incident], str]
Call = Callable[[IncidentStep], str]

#: How each step is carried out, for those who cannot wait for the queue.
carriers: dict[str, Callable[[int], None]] = {}


def response(task: str) -> Callable[[Response], Any]:
    """Register a response that acts in the database alone, under the command's name `task`.

    It runs in the transaction that marks its step done, and not at all where the incident is over before.
    """

    def register(act: Response) -> Any:
        return _register(task, lambda step: carry_out(step, act))

    return register


def outside_response(task: str, *, throws: tuple[type[Exception], ...] = ()) -> Callable[[Call], Any]:
    """Register a response that calls somebody outside: under a lease, then recorded, so at least once.

    It gets the step, whose id may serve as an idempotency key.
    """

    def register(act: Call) -> Any:
        return _register(task, lambda step: call_out(step, act), throws=throws)

    return register


def _register(task: str, carrier: Callable[[int], None], *, throws: tuple[type[Exception], ...] = ()) -> Any:
    carriers[task] = carrier

    @command(task, throws=(StepHeld, *throws))
    def run(*, step: int) -> None:
        carrier(step)

    return run


@transaction.atomic
def carry_out(step_id: int, act: Response) -> None:
    """Do it, unless it was done; a step whose incident is over (or, on closing, open again) is passed over."""
    claimed = IncidentStep.objects.filter(pk=step_id, state=State.OWED).update(state=State.DONE, done_at=Now())
    if claimed != 1:
        return
    step = IncidentStep.objects.select_related("incident").get(pk=step_id)
    if step.moment != Moment.RESOLVED and step.incident.resolved_at is not None:
        IncidentStep.objects.filter(pk=step_id).update(state=State.SKIPPED, outcome=OVER)
        return
    IncidentStep.objects.filter(pk=step_id).update(outcome=act(step.incident)[:300])


def call_out(step_id: int, act: Call) -> None:
    """Call under a lease, then record.

    Raises:
        StepHeld: another worker is calling. Whatever the call raises: it comes back.
    """
    free = Q(leased_until=None) | Q(leased_until__lt=Now())
    mine = IncidentStep.objects.filter(pk=step_id, state=State.OWED)
    if mine.filter(free).update(leased_until=Now() + LEASE) != 1:
        if mine.exists():
            raise StepHeld(f"step {step_id} is in another worker's hands")
        return
    step = IncidentStep.objects.select_related("incident").get(pk=step_id)
    try:
        outcome = act(step)
    except Exception:
        # Its message comes back by itself: the sweeper's reminder waits from here on.
        mine.update(leased_until=None, called_at=Now())
        raise
    mine.update(state=State.DONE, done_at=Now(), outcome=outcome[:300], leased_until=None)
