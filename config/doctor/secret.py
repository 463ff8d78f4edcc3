"""The key that signs sessions and tokens: whoever knows it can be anybody."""

from __future__ import annotations

from django.conf import settings

from .report import Check, Fault

#: Printed in this repository (`config/settings/web.py`, `compose/compose.yaml`), so known to all.
PUBLIC_KEYS = frozenset(
    {
        "forkroad-development-key-set-SECRET_KEY-anywhere-else",
        "for-this-machine-only-set-SECRET_KEY-anywhere-else",
    }
)
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})

FIX = 'Set SECRET_KEY: python -c "import secrets; print(secrets.token_urlsafe(50))"'


def is_public() -> bool:
    """Whether sessions and tokens are signed with a key that anybody can read here."""
    return settings.SECRET_KEY in PUBLIC_KEYS


def secret_key() -> str:
    if not is_public():
        return "a key of your own"
    reachable = set(settings.ALLOWED_HOSTS) - LOOPBACK
    if reachable and not settings.DEMO:
        raise Fault(f"the public key, with {', '.join(sorted(reachable))} in ALLOWED_HOSTS", fix=FIX)
    return "the public key: good for this machine alone"


SECRET = Check("secret key", secret_key, FIX)
