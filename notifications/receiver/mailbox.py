"""The mail server's own part: who is refused, and keeping what comes.

To see a refusal, write to `refused-550@…` (for good) or `refused-451@…` (for now).
"""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from .store import Store, now

REFUSED = re.compile(r"refused-([45]\d\d)@")


class Mailbox:
    def __init__(self, store: Store) -> None:
        self.store = store

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if found := REFUSED.match(address):
            return f"{found[1]} No mail for {address}"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        raw = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content or "").encode()
        message = parse(raw)
        number = self.store.insert(
            "mails",
            received=now(),
            sender=envelope.mail_from or "",
            recipients=", ".join(envelope.rcpt_tos),
            subject=str(message["subject"] or ""),
            message_id=str(message["message-id"] or "").strip(),
            raw=raw,
        )
        return f"250 OK kept as {number}"


def parse(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=policy.default)


def opened(row: dict[str, Any]) -> dict[str, Any]:
    """A kept mail with its headers and both bodies as text."""
    message = parse(row.pop("raw"))
    bodies = {}
    for name, kind in (("text", "plain"), ("html", "html")):
        part = message.get_body(preferencelist=(kind,))
        bodies[name] = part.get_content() if part is not None else ""
    return row | bodies | {"headers": [[name, str(value)] for name, value in message.items()]}
