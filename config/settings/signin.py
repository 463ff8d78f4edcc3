"""Signing in: passwords, second factors, and how often either may be guessed. allauth does the work."""

from .environment import env
from .web import DEMO

#: Whether staff and operators need a second factor to go anywhere. A demo, whose roles anybody takes with one click,
#: asks for none.
STAFF_SECOND_FACTOR: bool = env.bool("FORKROAD_STAFF_SECOND_FACTOR", default=not DEMO)

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"

ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
#: One address an account; a new one takes the old one's place when its owner has confirmed it.
ACCOUNT_CHANGE_EMAIL = True
#: Whoever finds an open browser does not get the account with it.
ACCOUNT_REAUTHENTICATION_REQUIRED = True

MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Forkroad"
#: A code is good half a minute longer on each side: clocks of phones differ.
MFA_TOTP_TOLERANCE = 1
MFA_FORMS = {"activate_totp": "accounts.second_factor.Enrol"}

#: Proxies before the web server whose X-Forwarded-For is believed: guesses are counted by the visitor's address.
ALLAUTH_TRUSTED_PROXY_COUNT: int = env.int("FORKROAD_TRUSTED_PROXIES", default=0)

#: Guesses, and second factors' codes that were used, must be counted once for all processes. PostgreSQL is there
#: anyway; the table (unlogged) comes with the migrations of `accounts`.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "accounts_cache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
}
