"""One-time tickets: a browser cannot send a header with a WebSocket, and no token goes into a URL."""

from typing import Final

from headway.identity.accounts import Identity
from headway.identity.tokens import BadToken, Claims, Tokens
from headway.store.identity import Users

LIFETIME: Final = 30
_AUDIENCE: Final = "headway-ticket"


class Tickets:
    """Issues tickets and takes each back once, whichever process and machine is asked: the store
    knows those that were taken."""

    def __init__(self, tokens: Tokens, users: Users) -> None:
        self._tokens = tokens
        self._users = users

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
        if not self._users.end_token(claims.token_id, claims.expires_at):
            raise BadToken
        return claims
