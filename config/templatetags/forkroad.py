"""What templates of every room share: money, times, icons and the words for statuses."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from .drawings import DRAWINGS
from .icons import ICONS

register = template.Library()

#: What a status is called, and the colour family it is shown in.
STATUSES: dict[str, tuple[str, str]] = {
    "placed": ("Placed", "wait"),
    "paid": ("Waiting for the restaurant", "wait"),
    "accepted": ("Being prepared", "work"),
    "ready": ("Ready at the counter", "work"),
    "picked_up": ("On its way", "work"),
    "delivered": ("Delivered", "good"),
    "payment_failed": ("Payment failed", "bad"),
    "rejected": ("Rejected by the restaurant", "bad"),
    "cancelled": ("Cancelled", "bad"),
    "undeliverable": ("Could not be delivered", "bad"),
}


@register.filter
def money(minor: int | None) -> str:
    """Minor units of euro as text."""
    return "–" if minor is None else f"€\u202f{minor // 100:,}.{minor % 100:02d}"


@register.filter
def clock(moment: datetime | None) -> str:
    """Hours and minutes of a city time."""
    return "–" if moment is None else f"{timezone.localtime(moment):%H:%M}"


@register.filter
def minutes(seconds: float) -> str:
    """Seconds left as minutes and seconds, as a countdown shows them."""
    whole = math.ceil(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


@register.filter
def moment(seconds: float) -> datetime:
    """A wall time from Unix seconds."""
    return datetime.fromtimestamp(seconds, tz=UTC)


@register.filter
def precise(moment: datetime | None) -> str:
    """A time with its milliseconds, for whoever compares events."""
    return "–" if moment is None else f"{timezone.localtime(moment):%H:%M:%S.%f}"[:-3]


@register.filter
def duration(seconds: float | timedelta | None) -> str:
    """A length of time in words short enough for a table."""
    if seconds is None:
        return "–"
    total = round(seconds.total_seconds() if isinstance(seconds, timedelta) else seconds)
    if abs(total) < 60:
        return f"{total} s"
    if abs(total) < 3600:
        return f"{total // 60} min"
    return f"{total // 3600} h {total % 3600 // 60:02d} min"


@register.filter
def ago(length: timedelta | None) -> str:
    """How long ago something was, in the largest unit that it fills."""
    if length is None:
        return "–"
    seconds = length.total_seconds()
    for unit, size in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"


@register.filter
def words(name: str) -> str:
    """A code or a slug, such as picked_up or old-town, as words."""
    return name.replace("_", " ").replace("-", " ")


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An inline icon; without a label it is decoration and hidden from screen readers."""
    role = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="icon icon-{}" viewBox="0 0 24 24" {} focusable="false">{}</svg>',
        name,
        role,
        mark_safe(ICONS[name]),
    )


@register.simple_tag
def drawing(name: str) -> SafeString:
    """A large picture: decoration, whose page says in words what it shows."""
    return format_html(
        '<svg class="drawing" viewBox="0 0 160 110" aria-hidden="true" focusable="false">{}</svg>',
        mark_safe(DRAWINGS[name]),
    )


@register.simple_tag
def status_pill(status: str) -> SafeString:
    """An order's status as a coloured word; the word alone says it, too."""
    label, tone = STATUSES.get(status, (status, "wait"))
    return format_html('<span class="pill pill-{}">{}</span>', tone, label)
