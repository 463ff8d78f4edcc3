"""The push service and the browser behind it in one: it makes subscriptions, checks who sends, and decrypts.

A browser without a way to its real push service (a demo on a machine of its own) subscribes here instead.
"""

from __future__ import annotations

import base64
import json
import secrets
from typing import Any

from .store import Store, now


class PushRefused(Exception):
    """`status` as a push service would answer (RFC 8030)."""

    def __init__(self, status: int, why: str) -> None:
        self.status = status
        super().__init__(why)


def subscribe(store: Store, *, url: str, sender_key: str) -> dict[str, Any]:
    """A new subscription, as `PushSubscription.toJSON()` gives it; only the owner of `sender_key` may push to it."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    key, auth, token = ec.generate_private_key(ec.SECP256R1()), secrets.token_bytes(16), secrets.token_urlsafe(16)
    private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    store.insert("browsers", token=token, private_key=private, auth=auth, sender_key=sender_key)
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return {"endpoint": f"{url}/push/{token}", "keys": {"p256dh": encode(point), "auth": encode(auth)}}


def take(store: Store, token: str, body: bytes, headers: dict[str, str], *, audience: str) -> int:
    """Check, decrypt and keep a push message; its number.

    Raises:
        PushRefused: 404 unknown, 410 gone, 403 not signed by whom it was made for, 400 not to be decrypted.
    """
    import http_ece
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    browser = store.row("SELECT * FROM browsers WHERE token = ?", token)
    if browser is None:
        raise PushRefused(404, "no such subscription")
    if browser["gone"]:
        raise PushRefused(410, "the subscription has ended")
    sender = verified_sender(headers.get("authorization", ""), key=browser["sender_key"], audience=audience)
    private = load_der_private_key(browser["private_key"], None)
    try:
        plain = http_ece.decrypt(body, private_key=private, auth_secret=browser["auth"], version="aes128gcm")
    except Exception as error:
        raise PushRefused(400, f"cannot be decrypted: {error}") from error
    text = plain.decode("utf-8", "replace")
    return store.insert(
        "pushes", received=now(), token=token, topic=headers.get("topic", ""), sender=sender, payload=text
    )


def verified_sender(authorization: str, *, key: str, audience: str) -> str:
    """The `sub` of a VAPID token that this key has signed for this audience.

    Raises:
        PushRefused: 401 no token, 403 any other's, another's or an expired one.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    scheme, _, rest = authorization.partition(" ")
    fields = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    if scheme.lower() != "vapid" or "t" not in fields:
        raise PushRefused(401, "no VAPID token")
    if fields.get("k", "").rstrip("=") != key.rstrip("="):
        raise PushRefused(403, "the subscription was made for another key")
    try:
        signed, _, signature = fields["t"].rpartition(".")
        raw = decode(signature)
        pair = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decode(key))
        point.verify(pair, signed.encode(), ec.ECDSA(hashes.SHA256()))
        claims = json.loads(decode(signed.partition(".")[2]))
    except (InvalidSignature, ValueError) as error:
        raise PushRefused(403, f"the token is not signed by that key: {error!r}") from error
    if claims.get("aud") != audience or not now() < float(claims.get("exp", 0)) < now() + 86_400:
        raise PushRefused(403, "the token is for another service or another day")
    return str(claims.get("sub", ""))


def encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
