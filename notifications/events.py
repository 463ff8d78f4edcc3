"""Bells, on `notices.events`: key = the recipient's account id; stream traffic, so without a sequence, kept a day."""

from __future__ import annotations

from messaging.envelope import Event, event_type

TOPIC = "notices.events"


@event_type("notice.given", topic=TOPIC)
class NoticeGiven(Event, frozen=True, kw_only=True):
    """Somebody's inbox grew: a page that shows it may look again. What it says stands in the inbox alone."""

    recipient_id: int
