"""Notices to people: mail through any server or provider, push to browsers, and the demo's own receiver of both."""

from .environment import env

EMAIL_HOST: str = env.str("EMAIL_HOST", default="")
EMAIL_PORT: int = env.int("EMAIL_PORT", default=25)
EMAIL_HOST_USER: str = env.str("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD: str = env.str("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS: bool = env.bool("EMAIL_USE_TLS", default=False)
#: `anymail.backends.postmark.EmailBackend` and its like speak to a provider's API, with ANYMAIL as its credentials.
EMAIL_BACKEND: str = env.str(
    "EMAIL_BACKEND", default=f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"
)
ANYMAIL: dict[str, object] = env.json("ANYMAIL", default={})
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", default="Forkroad <notices@forkroad.example>")

#: Wall seconds that a provider may take for each step of a conversation.
NOTICE_TIMEOUT_SECONDS: float = env.float("NOTICE_TIMEOUT_SECONDS", default=5.0)
EMAIL_TIMEOUT: float = NOTICE_TIMEOUT_SECONDS
ANYMAIL = {"REQUESTS_TIMEOUT": NOTICE_TIMEOUT_SECONDS, **ANYMAIL}

#: VAPID: a P-256 private key as base64url of its 32 bytes. Empty: one made of SECRET_KEY.
WEBPUSH_PRIVATE_KEY: str = env.str("WEBPUSH_PRIVATE_KEY", default="")
#: Hosts of push services, subdomains included; subscriptions elsewhere are refused.
WEBPUSH_SERVICES: list[str] = env.list(
    "WEBPUSH_SERVICES",
    default=["fcm.googleapis.com", "push.services.mozilla.com", "notify.windows.com", "push.apple.com"],
)

#: The demo's receiver (`python -m notifications.receiver`), which takes mail and push and shows them; empty: none.
RECEIVER_URL: str = env.str("FORKROAD_RECEIVER_URL", default="")
WEBPUSH_LOCAL_URL: str = RECEIVER_URL

#: Days that a notice is kept once nothing more is to come of it, and the ranges of a post after it reached everybody.
NOTICE_DAYS: float = env.float("FORKROAD_NOTICE_DAYS", default=90)
POST_RANGE_DAYS: float = env.float("FORKROAD_POST_RANGE_DAYS", default=14)
