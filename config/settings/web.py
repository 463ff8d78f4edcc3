"""Applications, middleware, static files and the content-security policy."""

from importlib.util import find_spec
from pathlib import Path

from csp.constants import NONCE, NONE, SELF

from .admin import ADMIN_APPS
from .environment import BASE_DIR, env

DEBUG: bool = env.bool("DEBUG", default=False)
DEMO: bool = env.bool("FORKROAD_DEMO", default=False)
SECRET_KEY: str = env.str("SECRET_KEY", default="forkroad-development-key-set-SECRET_KEY-anywhere-else")
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "config",
    "accounts",
    "messaging",
    "orders",
    "delivery",
    "notifications",
    "analytics",
    "simulator",
    *ADMIN_APPS,
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django_htmx",
    # Its API page then loads its scripts from the package, not from elsewhere.
    "ninja",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "config.compressing.Compress",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.tracing.trace_requests",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.second_factor.ask_for_second_factor",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.demo",
                "config.context.basket",
                "config.context.browsing",
                "config.context.inbox",
                "config.context.incidents",
            ]
        },
    }
]

STATIC_URL = "/static/"
_leaflet = find_spec("leaflet")
assert _leaflet is not None and _leaflet.submodule_search_locations is not None
STATICFILES_DIRS: list[Path | tuple[str, Path]] = [
    BASE_DIR / "config" / "static",
    # django-leaflet's copy of Leaflet alone: as an app it would want GDAL, and its settings name tile servers.
    ("leaflet", Path(_leaflet.submodule_search_locations[0]) / "static" / "leaflet"),
]
# Served straight from the packages: a fresh checkout has no collected copy, and needs none.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

# Pages load nothing from outside the machine, and the browser is told so.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "worker-src": [SELF],
        "manifest-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_I18N = True
USE_TZ = True
