"""Signatures of webhooks, as the Standard Webhooks specification 1.0 has them."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from typing import Final

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32


def new_secret() -> str:
    """A secret that nobody can guess, in the form that libraries of receivers take."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signed_headers(message_id: str, at: int, body: bytes, keys: Iterable[str]) -> Mapping[str, str]:
    """The headers by which a receiver knows message, time and sender; one signature for each key.

    A signature is HMAC-SHA256 over `id.timestamp.body`.
    """
    content = b"%s.%d.%s" % (message_id.encode(), at, body)
    signatures = [
        base64.b64encode(hmac.digest(_bytes(key), content, hashlib.sha256)).decode() for key in keys
    ]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(f"v1,{one}" for one in signatures),
    }


def _bytes(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(PREFIX))
