"""Style sheets within the page that needs them.

On a slow phone each file that a page waits for costs one more round trip, half a second and more, before anything is
seen. The project's own sheets weigh a few kilobytes, compressed with the page around them: less than the asking would
take, also for a browser that knows them from before and asks whether they have changed.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django import template
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template import Context
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.simple_tag(takes_context=True)
def style(context: Context, path: str) -> SafeString:
    """A static style sheet's text, under the nonce that the page's policy lets through.

    A page that is rendered without a request has no policy of its own, and gets a link.
    """
    nonce = getattr(context.get("request"), "csp_nonce", None)
    if nonce is None:
        return format_html('<link rel="stylesheet" href="{}">', static(path))
    text = _read(path) if settings.DEBUG else _kept(path)
    return format_html('<style nonce="{}" data-file="{}">{}</style>', str(nonce), path, mark_safe(text))


def _read(path: str) -> str:
    found = finders.find(path)
    if not isinstance(found, str):
        raise LookupError(f"{path} is in no static folder.")
    return Path(found).read_text(encoding="utf-8")


_kept = cache(_read)
