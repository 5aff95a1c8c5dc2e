"""Signed tokens, and the secret they are signed with."""

import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jwt

from headway.rights import Scope
from headway.settings import Settings

_ALGORITHM: Final = "HS256"
_HEADER: Final = {"alg": _ALGORITHM, "typ": "JWT"}
_LONGEST: Final = 4_096
_REQUIRED: Final = ["exp", "iat", "sub", "aud", "iss", "jti"]
_LEEWAY: Final = 10
"""Seconds that the clocks of two hosts may differ. It forgives a token from the near future; when a
token has expired is asked for to the second."""


class BadToken(Exception):
    """The token is not one of ours, or not any more."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says."""

    subject: str
    expires_at: float
    token_id: str
    generation: int | None
    """The user's, when the token was made; None where a key stands behind a ticket."""
    proof: str
    """The id of the token or key that a ticket was bought with; of a token, its own."""
    scopes: frozenset[Scope] | None
    """What a ticket is limited to; a token is worth what its user's role is."""


class Tokens:
    """Signs and reads tokens. Each purpose is an audience of its own, each mode an issuer:
    a ticket is no bearer token, and a development token means nothing in production."""

    def __init__(self, secret: bytes, mode: str) -> None:
        self._secret = secret
        self._issuer = f"headway-{mode}"

    def issue(
        self,
        subject: str,
        audience: str,
        lifetime: int,
        *,
        generation: int | None,
        proof: str | None = None,
        scopes: frozenset[Scope] | None = None,
    ) -> str:
        """A token for this user and purpose, valid for `lifetime` seconds."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "sub": subject,
            "aud": audience,
            "iss": self._issuer,
            "iat": now,
            "exp": now + lifetime,
            "jti": secrets.token_hex(12),
            "gen": generation,
        }
        if proof is not None:
            claims["proof"] = proof
        if scopes is not None:
            claims["scope"] = " ".join(sorted(scopes))
        return jwt.encode(claims, self._secret, _ALGORITHM)

    def read(self, token: str, audience: str) -> Claims:
        """What the token says. Raise `BadToken` unless every part of it is as we write it."""
        if len(token) > _LONGEST:
            raise BadToken
        try:
            # Exactly our header: no `kid`, `jku` or `crit` that some reader might follow.
            if jwt.get_unverified_header(token) != _HEADER:
                raise BadToken
            claims: dict[str, Any] = jwt.decode(
                token,
                self._secret,
                [_ALGORITHM],
                audience=audience,
                issuer=self._issuer,
                leeway=_LEEWAY,
                options={"require": _REQUIRED, "strict_aud": True},
            )
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
            raise BadToken from None
        return _checked(claims)


def _checked(claims: dict[str, Any]) -> Claims:
    match claims:
        case {"sub": str(subject), "jti": str(token_id), "exp": int(expires_at)}:
            generation, proof = claims.get("gen"), claims.get("proof", token_id)
            scopes = _scopes(claims.get("scope"))
            if isinstance(proof, str) and (generation is None or type(generation) is int):
                return Claims(subject, expires_at, token_id, generation, proof, scopes)
    raise BadToken


def _scopes(told: object) -> frozenset[Scope] | None:
    if told is None:
        return None
    try:
        return frozenset(Scope(word) for word in str(told).split())
    except ValueError:
        raise BadToken from None


def signing_secret(settings: Settings) -> bytes:
    """The configured secret, or in development one that all processes of a data directory share."""
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value().encode()
    return _kept_secret(settings.data_dir / "development-secret")


def _kept_secret(path: Path) -> bytes:
    """Made once: whoever links his file first has made it, and all others read that one."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_urlsafe(48).encode())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_bytes()
