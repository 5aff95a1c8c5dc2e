"""One-time tickets: a browser cannot send a header with a WebSocket, and no token goes into a URL."""

import contextlib
import time
from pathlib import Path
from typing import Final

from headway.http.accounts import Identity
from headway.http.tokens import BadToken, Claims, Tokens

LIFETIME: Final = 30
_AUDIENCE: Final = "headway-ticket"


class Tickets:
    """Issues tickets and takes each back once, whichever process of the data directory is asked."""

    def __init__(self, tokens: Tokens, directory: Path) -> None:
        self._tokens = tokens
        self._directory = directory

    def issue(self, holder: Identity) -> str:
        """A ticket for this user, worth no more and no longer than what he proved himself with."""
        return self._tokens.issue(
            holder.name,
            _AUDIENCE,
            LIFETIME,
            generation=holder.generation,
            proof=holder.proof,
            scopes=holder.scopes,
        )

    def redeem(self, ticket: str) -> Claims:
        """Whose ticket it is. Raise `BadToken` the second time, and when it is none."""
        claims = self._tokens.read(ticket, _AUDIENCE)
        self._directory.mkdir(parents=True, exist_ok=True)
        self._forget_expired()
        try:
            # Only one process can make a file that must not exist yet.
            (self._directory / claims.token_id).touch(mode=0o600, exist_ok=False)
        except FileExistsError:
            raise BadToken from None
        return claims

    def _forget_expired(self) -> None:
        with contextlib.suppress(FileNotFoundError):  # another process forgets too
            for used in self._directory.iterdir():
                if used.stat().st_mtime < time.time() - 2 * LIFETIME:
                    used.unlink()
