"""Ways to reach a person, behind one small protocol. The inbox needs none: it is sent by being written."""

from __future__ import annotations

from typing import Protocol

from notifications.models import Channel, Notice


class Skip(Exception):
    """There is a reason not to send it, and it will not go away: no address any more, no longer wanted."""


class Refused(Exception):
    """The provider will never take it: to try again would change nothing."""


class TryLater(Exception):
    """Not now: the provider does not answer, or a fact that the text needs has not arrived yet."""


class Sender(Protocol):
    """Sends one notice and returns the provider's own id of it.

    It reads the recipient's address and name now, and holds no transaction open while it talks. It may be called again
    for the same notice and must then say the same, under the same id.

    Raises:
        Skip, Refused, TryLater.
    """

    def send(self, notice: Notice) -> str: ...


def sender_of(channel: str) -> Sender:
    """The channel's sender.

    Raises:
        LookupError: nothing is sent on this channel.
    """
    # Imported when first needed: a worker that sends no push never loads an HTTP client for it.
    if channel == Channel.EMAIL:
        from .email import EmailSender

        return EmailSender()
    if channel == Channel.PUSH:
        from .push import PushSender

        return PushSender()
    raise LookupError(f"nothing is sent on the channel {channel!r}")
