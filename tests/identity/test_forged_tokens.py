"""Tokens that nobody gave out: each is a 401, never a 500, and nothing is fetched for it."""

import base64
import hmac
import json
import socket
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from fastapi.testclient import TestClient

from headway.http.application import Application
from headway.identity.tokens import signing_secret
from headway.store.identity import Users
from tests.identity.conftest import ME, Headers, Person

NOW = int(time.time())
DAY = 86_400

Forge = Callable[[bytes, dict[str, Any]], str]


def part(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def with_claims(**changed: Any) -> Forge:
    return lambda secret, claims: jwt.encode(claims | changed, secret, "HS256")


def without(claim: str) -> Forge:
    return lambda secret, claims: jwt.encode(
        {name: value for name, value in claims.items() if name != claim}, secret, "HS256"
    )


def with_header(**extra: Any) -> Forge:
    return lambda secret, claims: jwt.encode(claims, secret, "HS256", headers=extra)


def unsigned(**header: Any) -> Forge:
    return lambda _, claims: f"{part(header)}.{part(claims)}."


def signed_raw(header: bytes, body: bytes | None = None) -> Forge:
    """Our own signature over a header, and if given claims, that no library would write."""

    def forge(secret: bytes, claims: dict[str, Any]) -> str:
        told = f"{part(header)}.{part(claims if body is None else body)}"
        return f"{told}.{part(hmac.digest(secret, told.encode(), 'sha256'))}"

    return forge


def cut(find: str, put: str) -> Forge:
    def forge(secret: bytes, claims: dict[str, Any]) -> str:
        header, body, signature = jwt.encode(claims, secret, "HS256").split(".")
        return {
            "no signature": f"{header}.{body}.",
            "two parts": f"{header}.{body}",
            "four parts": f"{header}.{body}.{signature}.{signature}",
            "other signature": f"{header}.{body}.{put}",
            "other body": f"{header}.{part(claims | {'sub': 'somebody'})}.{signature}",
            "zero bytes": f"{header}.{body}.{part(bytes(32))}",
        }[find]

    return forge


FORGERIES: dict[str, Forge] = {
    # S4: the algorithm is ours to choose
    "alg none": unsigned(alg="none", typ="JWT"),
    "alg None": unsigned(alg="None", typ="JWT"),
    "alg NONE": unsigned(alg="NONE", typ="JWT"),
    "alg nOnE": unsigned(alg="nOnE", typ="JWT"),
    "alg empty": unsigned(alg="", typ="JWT"),
    "alg number": unsigned(alg=0, typ="JWT"),
    "alg null": unsigned(alg=None, typ="JWT"),
    "alg list": unsigned(alg=["HS256"], typ="JWT"),
    "alg missing": unsigned(typ="JWT"),
    "HS384": lambda secret, claims: jwt.encode(claims, secret * 2, "HS384"),
    "HS512": lambda secret, claims: jwt.encode(claims, secret * 2, "HS512"),
    "ES256 with a zero signature": lambda _, claims: (
        f"{part({'alg': 'ES256', 'typ': 'JWT'})}.{part(claims)}.{part(bytes(64))}"
    ),
    "RS256 named over our own signature": signed_raw(b'{"alg":"RS256","typ":"JWT"}'),
    "signature stripped": cut("no signature", ""),
    "signature of zeros": cut("zero bytes", ""),
    "signature of another": cut("other signature", part(b"x" * 32)),
    "signature not base64": cut("other signature", "!!!"),
    "claims changed after signing": cut("other body", ""),
    "two parts": cut("two parts", ""),
    "four parts": cut("four parts", ""),
    "another key": lambda _, claims: jwt.encode(claims, b"k" * 32, "HS256"),
    "an empty key": lambda _, claims: jwt.encode(claims, b"\0" * 32, "HS256"),
    # S5: nothing in a header is followed
    "kid of a path": with_header(kid="../../../../dev/null"),
    "kid of SQL": with_header(kid="' UNION SELECT 'k' --"),
    "jku": with_header(jku="http://127.0.0.1:1/keys.json"),
    "x5u": with_header(x5u="http://127.0.0.1:1/cert.pem"),
    "x5c": with_header(x5c=["MIIB"]),
    "jwk": with_header(jwk={"kty": "oct", "k": "a2tr"}),
    "crit of the unknown": with_header(crit=["exp2"]),
    "b64 false": with_header(b64=False, crit=["b64"]),
    "nested": with_header(cty="JWT"),
    "header of 100 KB": with_header(kid="x" * 100_000),
    "typ of another": with_header(typ="at+jwt"),
    "header is a list": signed_raw(b'["HS256"]'),
    "header is no JSON": signed_raw(b"{alg"),
    "header nests 5000 deep": signed_raw(b"[" * 1_500),
    "header is no UTF-8": signed_raw(b'{"alg":"HS256","typ":"JW\xff"}'),
    # S6: every claim is as we write it
    "expired": with_claims(exp=NOW - 1),
    "never expires": without("exp"),
    "expires as text": with_claims(exp="tomorrow"),
    "expires as digits": with_claims(exp=str(NOW + DAY)),
    "expires at 1e309": signed_raw(
        b'{"alg":"HS256","typ":"JWT"}', b'{"sub":"x","exp":1e309,"iat":1,"aud":"headway-api"}'
    ),
    "expires at true": with_claims(exp=True),
    "expires in a list": with_claims(exp=[NOW + DAY]),
    "from the future": with_claims(iat=NOW + DAY),
    "no issue time": without("iat"),
    "issue time as text": with_claims(iat="now"),
    "not valid yet": with_claims(nbf=NOW + DAY),
    "nbf as text": with_claims(nbf="soon"),
    "another issuer": with_claims(iss="https://accounts.example"),
    "no issuer": without("iss"),
    "issuer of production": with_claims(iss="headway-production"),
    "another audience": with_claims(aud="another-api"),
    "several audiences": with_claims(aud=["headway-api", "another-api"]),
    "no audience": without("aud"),
    "a ticket used as a token": with_claims(aud="headway-ticket"),
    "a refresh token used as a token": with_claims(aud="headway-refresh", typ="refresh"),
    "nobody": with_claims(sub="nobody at all"),
    "nobody, with NUL": with_claims(sub="no\0body"),
    "a number for a name": with_claims(sub=7),
    "no name": without("sub"),
    "no id": without("jti"),
    "a number for an id": with_claims(jti=7),
    "no generation": without("gen"),
    "an older generation": with_claims(gen=-1),
    "a newer generation": with_claims(gen=1),
    "a generation of text": with_claims(gen="0"),
    "true for a generation": with_claims(gen=False),
    "scopes nobody knows": with_claims(scope="everything"),
    "claims are a list": signed_raw(b'{"alg":"HS256","typ":"JWT"}', b"[1]"),
    "claims are no JSON": signed_raw(b'{"alg":"HS256","typ":"JWT"}', b"{"),
    "claims nest 1500 deep": signed_raw(b'{"alg":"HS256","typ":"JWT"}', b'{"a":' * 700),
    "a number of 5000 digits": signed_raw(
        b'{"alg":"HS256","typ":"JWT"}', b'{"exp":' + b"9" * 2_500 + b"}"
    ),
}


@pytest.fixture(scope="module")
def secret(app: Application) -> bytes:
    return signing_secret(app.parts.open().settings)


@pytest.fixture(scope="module")
def claims(person: Callable[..., Person]) -> dict[str, Any]:
    """What a token of ours says."""
    token = person().token
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def test_a_token_that_is_written_like_ours_is_good(
    client: TestClient, secret: bytes, claims: dict[str, Any]
) -> None:
    """So the forgeries below fail for what they change, not for how they are made."""
    for written in (
        with_claims(),
        with_claims(nbf=NOW - 1),
        with_claims(iat=int(time.time()) + 5),  # the clock of another host
        signed_raw(b'{"alg":"HS256","typ":"JWT"}'),
    ):
        headers = {"Authorization": f"Bearer {written(secret, claims)}"}
        assert client.get(ME, headers=headers).status_code == 200


@pytest.mark.parametrize("forged", FORGERIES)
def test_a_forged_token_opens_nothing(
    forged: str,
    client: TestClient,
    secret: bytes,
    claims: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """S4, S5, S6: 401 on an ordinary call, and no connection to anywhere is opened for it."""

    def refuse(*_: object) -> None:
        raise AssertionError("a token made the service open a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    token = FORGERIES[forged](secret, claims)
    answer = client.get(ME, headers={b"Authorization": b"Bearer " + token.encode()})
    assert answer.status_code == 401, answer.text
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["code"] == "unauthorized"


def test_a_ticket_is_no_token(client: TestClient, person: Callable[..., Person]) -> None:
    """Nor is a token a ticket."""
    headers: Headers = person().headers
    ticket = client.post("/api/v1/tickets", headers=headers).json()["ticket"]
    answer = client.get(ME, headers={"Authorization": f"Bearer {ticket}"})
    assert answer.status_code == 401


def test_a_token_of_a_user_who_is_no_more_is_none(
    app: Application, client: TestClient, users: Users, secret: bytes, claims: dict[str, Any]
) -> None:
    """A name that was never made, or was removed, has no tokens."""
    assert users.get("gone") is None
    token = with_claims(sub="gone")(secret, claims)
    answer = client.get(ME, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


def test_a_token_in_the_address_is_not_looked_at(
    client: TestClient, person: Callable[..., Person]
) -> None:
    """Addresses stand in logs and histories."""
    token = person().token
    for name in ("token", "access_token", "authorization"):
        assert client.get(f"{ME}?{name}={token}").status_code == 401
