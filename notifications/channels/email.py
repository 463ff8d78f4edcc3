"""E-mail through Django's mail API: SMTP, or any provider of django-anymail, by the setting EMAIL_BACKEND."""

from __future__ import annotations

import smtplib

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from notifications.models import Notice
from notifications.preferences import is_wanted
from notifications.unsubscribing import unsubscribe_url
from notifications.words import words_of

from . import Refused, Skip, TryLater


class EmailSender:
    def send(self, notice: Notice) -> str:
        message = compose(notice)
        try:
            message.send()
        except smtplib.SMTPRecipientsRefused as error:
            codes = {code for code, _ in error.recipients.values()}
            raise (Refused if min(codes) >= 500 else TryLater)(f"the recipient was refused: {codes}") from error
        except smtplib.SMTPDataError as error:
            refused = error.smtp_code >= 500
            raise (Refused if refused else TryLater)(f"the message was refused: {error.smtp_code}") from error
        except OSError as error:
            # smtplib's exceptions are OSErrors, too: a greeting or a login refused is for a person to repair.
            raise TryLater(f"no mail server: {error}") from error
        except Exception as error:
            if is_refusal(error):
                raise Refused(str(error)) from error
            raise
        status = getattr(message, "anymail_status", None)
        return str(getattr(status, "message_id", None) or message.extra_headers["Message-ID"])


def compose(notice: Notice) -> EmailMultiAlternatives:
    """The message, the same however often it is composed.

    Raises:
        Skip, TryLater, and whatever a template raises.
    """
    person = notice.recipient
    if not person.is_active or not person.email:
        raise Skip("the account is closed" if not person.is_active else "the account has no e-mail address")
    if not is_wanted(person.pk, notice.kind, notice.channel):
        raise Skip("turned off by its recipient")
    unsubscribe = unsubscribe_url(person.pk, notice.kind)
    words = words_of(notice, unsubscribe=unsubscribe)
    message = EmailMultiAlternatives(
        subject=words.subject,
        body=words.text,
        to=[person.email],
        headers={
            "Message-ID": message_id(notice),
            # RFC 8058: the mailbox itself can unsubscribe with one POST, without opening the page.
            "List-Unsubscribe": f"<{unsubscribe}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            # RFC 3834: nobody's holiday message shall answer.
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(words.html, "text/html")
    return message


def message_id(notice: Notice) -> str:
    """The same for every attempt. The event's id keeps apart two systems that count their notices from one."""
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("> ")
    return f"<notice-{notice.pk}.{notice.event_id.hex}@{domain}>"


def is_refusal(error: Exception) -> bool:
    """Whether a provider behind anymail says that it will never take this message."""
    from anymail.exceptions import (
        AnymailInvalidAddress,
        AnymailRecipientsRefused,
    )

    return isinstance(error, (AnymailInvalidAddress, AnymailRecipientsRefused))
