"""The key that tells push services who sends (RFC 8292). Browsers remember its public half with each subscription."""

from __future__ import annotations

import functools
import hashlib
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from py_vapid import Vapid

#: The order of the curve P-256.
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def signer() -> Vapid:
    """The private key: WEBPUSH_PRIVATE_KEY, or one made of SECRET_KEY, so that a demo needs no set-up."""
    return _signer(settings.WEBPUSH_PRIVATE_KEY, settings.SECRET_KEY)


def public_key() -> str:
    """The public half as browsers want it: an uncompressed point, base64url."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from py_vapid.utils import b64urlencode

    point = signer().public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return str(b64urlencode(point))


@functools.lru_cache(maxsize=2)
def _signer(private_key: str, secret: str) -> Vapid:
    from cryptography.hazmat.primitives.asymmetric import ec
    from py_vapid import Vapid

    if private_key:
        return Vapid.from_string(private_key)
    digest = hashlib.sha512(f"forkroad.vapid:{secret}".encode()).digest()
    return Vapid(ec.derive_private_key(int.from_bytes(digest) % (ORDER - 1) + 1, ec.SECP256R1()))
