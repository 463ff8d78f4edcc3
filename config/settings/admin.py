"""The admin's clothes: django-unfold where it is wanted and installed, Django's own pages otherwise."""

from importlib.util import find_spec

from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static

from .environment import env

THEMES = ("unfold", "plain")


def theme_of(wanted: str) -> str:
    """The theme that can be had: a missing package costs its looks, never the admin.

    Raises:
        ImproperlyConfigured: there is no such theme.
    """
    if wanted not in THEMES:
        raise ImproperlyConfigured(f"FORKROAD_ADMIN_THEME is {wanted!r}: set it to {' or '.join(THEMES)}.")
    return "unfold" if wanted == "unfold" and find_spec("unfold") is not None else "plain"


ADMIN_THEME: str = theme_of(env.str("FORKROAD_ADMIN_THEME", default="unfold"))

#: Before the admin itself, whose templates it replaces. The site is ours under both: see `config/backoffice/site.py`.
ADMIN_APPS = [
    *(["unfold.apps.BasicAppConfig"] if ADMIN_THEME == "unfold" else []),
    "config.backoffice.apps.Backoffice",
]

UNFOLD = {
    "SITE_TITLE": "Forkroad admin",
    "SITE_HEADER": "Forkroad",
    "SITE_SUBHEADER": "Admin",
    "SITE_URL": "/",
    "SITE_ICON": lambda request: static("forkroad/icon.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("forkroad/icon.svg")}],
    "SIDEBAR": {"show_search": True, "show_all_applications": False},
    # It searches the names of models only, and keeps nothing of what was looked for.
    "COMMAND": {"search_models": False, "show_history": False},
}
