"""Tokens of services one has signed in to, kept for the next command."""

import base64
import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from headway.errors import SettingsError

_MARGIN: Final = 30.0
"""Seconds that a token must still be good for."""


@dataclass(frozen=True, slots=True)
class KeptTokens:
    """A file that only its owner can read: a token for each address."""

    file: Path

    @classmethod
    def of_user(cls, environ: Mapping[str, str] = os.environ) -> "KeptTokens":
        """Where the tokens of whoever runs this are."""
        config = environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
        return cls(Path(config) / "headway" / "tokens.json")

    def get(self, url: str, user: str | None = None) -> str | None:
        """The token for this address, and this user if one is named, unless it has expired."""
        found = self._read().get(url, {})
        token = found.get("token")
        if not (isinstance(token, str) and token.isascii()) or (
            user is not None and found.get("user") != user
        ):
            return None
        return None if expiry_of(token) < time.time() + _MARGIN else token

    def keep(self, url: str, user: str, token: str) -> None:
        """Keep a token in the place of an older one. Raise `SettingsError` where it cannot be kept."""
        self._write(self._read() | {url: {"user": user, "token": token}})

    def forget(self, url: str) -> bool:
        """Drop the token for this address; whether there was one."""
        tokens = self._read()
        was_there = tokens.pop(url, None) is not None
        if was_there:
            self._write(tokens)
        return was_there

    def _read(self) -> dict[str, Any]:
        try:
            tokens = json.loads(self.file.read_bytes())
        except (OSError, ValueError):
            return {}
        known = tokens.items() if isinstance(tokens, dict) else ()
        return {url: one for url, one in known if isinstance(one, dict)}

    def _write(self, tokens: Mapping[str, Any]) -> None:
        draft = self.file.with_name(f".{self.file.name}-{os.getpid()}")
        try:
            self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Made with its rights: at no moment can anybody else open it.
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as out:
                json.dump(tokens, out)
            os.replace(draft, self.file)
        except OSError as error:
            with suppress(OSError):
                draft.unlink()
            raise SettingsError(
                f"expected to keep tokens in {self.file}, got: {error.strerror}; set XDG_CONFIG_HOME to"
                " a folder of yours"
            ) from None


def expiry_of(token: str) -> float:
    """When a token expires, as it says itself; never, if it does not say."""
    body = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except ValueError:
        return float("inf")
    expires = claims.get("exp") if isinstance(claims, dict) else None
    return float(expires) if isinstance(expires, int | float) else float("inf")
