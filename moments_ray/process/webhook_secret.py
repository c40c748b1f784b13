"""The secrets that webhooks are signed with, as the Standard Webhooks specification writes them.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets

_PREFIX = "whsec_"
_FEWEST_BYTES, _MOST_BYTES = 24, 64
_NEW_BYTES = 32


def new_webhook_secret() -> str:
    """Return a fresh secret: ``whsec_`` and 32 random bytes in base64."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_NEW_BYTES)).decode()


def webhook_key(secret: str) -> bytes:
    """Return the bytes that a secret stands for.

    Raises:
        ValueError: it is not ``whsec_`` and the base64 of 24 to 64 bytes.
    """
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not (secret.startswith(_PREFIX) and _FEWEST_BYTES <= len(key) <= _MOST_BYTES):
        raise ValueError("a webhook secret is `whsec_` and the base64 of 24 to 64 random bytes")
    return key


def webhook_signature(secret: str, identifier: str, timestamp: int, body: bytes) -> str:
    """Return the ``webhook-signature`` of a message; ``timestamp`` is in seconds since 1970."""
    signed = b".".join((identifier.encode(), str(timestamp).encode(), body))
    return "v1," + base64.b64encode(hmac.digest(webhook_key(secret), signed, hashlib.sha256)).decode()
