"""What a notice says: templates per kind, filled from the notice's facts and the kept text of its order.

A kind's folder under `templates/notices/` holds `subject.txt` and `short.txt` (inbox, push), and where e-mail is
offered `mail.txt` and `mail.html`. All are filled when they are sent or shown: an account's name is never stored here.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from .channels import TryLater
from .fanout.facts import facts_of
from .models import Notice, OrderText

#: Kinds about an order, whose page they lead to.
OF_ORDERS = frozenset(
    {"placed", "accepted", "delayed", "assigned", "picked_up", "delivered", "cancelled", "receipt", "refund"}
)


@dataclass(frozen=True, slots=True)
class Headline:
    """`link` is a path of this site, "" where there is nothing to see."""

    subject: str
    short: str
    link: str


@dataclass(frozen=True, slots=True)
class Words:
    subject: str
    text: str
    html: str


def words_of(notice: Notice, *, unsubscribe: str) -> Words:
    """The e-mail of a notice.

    Raises:
        TryLater: the order's first event has not been read yet, which is another partition's matter.
        TemplateDoesNotExist, TemplateSyntaxError, …: the kind's templates are broken.
    """
    order = texts_of([notice]).get(notice.about)
    if notice.kind in OF_ORDERS and order is None:
        raise TryLater(f"the text of order {notice.about} has not arrived yet")
    context = _context(notice, order) | {
        "unsubscribe": unsubscribe,
        "settings": f"{settings.PUBLIC_URL}/notices/settings/",
    }
    return Words(
        subject=one_line(_render(notice, "subject.txt", context)),
        text=_render(notice, "mail.txt", context).strip() + "\n",
        html=_render(notice, "mail.html", context),
    )


def headline_of(notice: Notice, order: OrderText | None) -> Headline:
    """The few words for inbox and push; without the order's text they only say less."""
    context = _context(notice, order)
    return Headline(
        subject=one_line(_render(notice, "subject.txt", context)),
        short=one_line(_render(notice, "short.txt", context)),
        link=link_of(notice),
    )


def texts_of(notices: Iterable[Notice]) -> dict[str, OrderText]:
    """The kept texts of these notices' orders, by order id."""
    orders = {notice.about for notice in notices if notice.kind in OF_ORDERS and _is_id(notice.about)}
    return {str(text.order_id): text for text in OrderText.objects.filter(pk__in=orders)} if orders else {}


def link_of(notice: Notice) -> str:
    """The path of the page that the notice is about. Not by `reverse`: see `unsubscribing.PATH`."""
    if notice.kind in OF_ORDERS:
        return f"/orders/{notice.about}/"
    link = str(facts_of(notice).get("link", ""))
    return link if link.startswith("/") and not link.startswith("//") else ""


def one_line(text: str) -> str:
    """A header takes no line break, whatever a restaurant is called."""
    return " ".join(text.split())


def lines_of(order: OrderText) -> Sequence[dict[str, Any]]:
    """The receipt's lines, each with its total."""
    return [line | {"total": line["quantity"] * line["unit_price"]} for line in order.lines]


def _context(notice: Notice, order: OrderText | None) -> dict[str, Any]:
    link = link_of(notice)
    facts = facts_of(notice)
    ready_by = facts.get("ready_by")
    return {
        "notice": notice,
        "facts": facts,
        "order": order,
        "number": notice.about[:8].upper(),
        "restaurant": order.restaurant if order else str(facts.get("restaurant") or "the restaurant"),
        "lines": lines_of(order) if order else [],
        # What the total holds beside items and delivery, should a later kind of fee be added.
        "other": order.total - order.subtotal - order.delivery_fee if order else 0,
        "ready_by": datetime.fromisoformat(ready_by) if ready_by else None,
        "person": notice.recipient,
        "name": notice.recipient.first_name or notice.recipient.username,
        "link": f"{settings.PUBLIC_URL}{link}" if link else "",
    }


def _render(notice: Notice, name: str, context: dict[str, Any]) -> str:
    return render_to_string(f"notices/{notice.kind}/{name}", context)


def _is_id(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
