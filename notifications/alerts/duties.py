"""Telling people when the queue that should have done it stands still itself."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db.models.functions import Now

from messaging.alerting.responding import carriers
from messaging.alerting.rules import PAGE, WEBHOOK
from messaging.models import IncidentStep

from . import page as page
from . import webhook as webhook

logger = logging.getLogger(__name__)

#: Wall time that the queue has for telling people.
LATE = timedelta(minutes=2)
BATCH = 20


def tell_directly() -> int:
    """Carry out pages and webhooks that no worker has: an incident about SQS must not wait for SQS; how many it did."""
    late = IncidentStep.objects.filter(state="owed", task__in=[PAGE, WEBHOOK], made_at__lt=Now() - LATE)
    done = 0
    for step, task in list(late.order_by("made_at").values_list("pk", "task")[:BATCH]):
        try:
            carriers[task](step)
            done += 1
        except Exception as error:
            logger.warning("step %s (%s) could not be carried out: %s", step, task, error)
    return done
