"""Opaque cursors: a place in a list that tells a stranger nothing, and that he cannot make up."""

import base64
import hashlib
import hmac
import secrets
from typing import Final

from headway.errors import InvalidInput

_NONCE: Final = 6
_TAG: Final = 8


class Cursors:
    """Seals numbers. The service's inner sequences would tell how busy its other users are.

    Each purpose has cursors of its own: a place in one list is none in another."""

    def __init__(self, secret: bytes, purpose: bytes = b"cursor") -> None:
        self._secret = hashlib.sha256(b"headway-" + purpose + secret).digest()

    def seal(self, number: int) -> str:
        """A cursor for this number."""
        nonce = secrets.token_bytes(_NONCE)
        hidden = (number ^ self._mask(nonce)).to_bytes(8, "big")
        sealed = nonce + hidden + self._tag(nonce + hidden)
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def open(self, cursor: str) -> int:
        """The number in a cursor of ours. Raise `InvalidInput` for anything else."""
        number = self.read(cursor)
        if number is None:
            raise InvalidInput(
                "expected a cursor from an earlier answer's Link header, got another text",
                pointer="/query/cursor",
            )
        return number

    def read(self, cursor: str) -> int | None:
        """The number in a cursor of ours; None for anything else."""
        try:
            sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
        except ValueError:
            sealed = b""
        rest, tag = sealed[:-_TAG], sealed[-_TAG:]
        if len(rest) != _NONCE + 8 or not hmac.compare_digest(tag, self._tag(rest)):
            return None
        return int.from_bytes(rest[_NONCE:], "big") ^ self._mask(rest[:_NONCE])

    def _mask(self, nonce: bytes) -> int:
        digest = hashlib.blake2b(nonce, key=self._secret, digest_size=8, person=b"mask").digest()
        return int.from_bytes(digest, "big")

    def _tag(self, data: bytes) -> bytes:
        return hashlib.blake2b(data, key=self._secret, digest_size=_TAG, person=b"tag").digest()
