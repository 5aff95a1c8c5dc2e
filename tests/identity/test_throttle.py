"""Sign-ins that fail too often must wait; whoever knows the password need not, from where he is."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from headway.http.app import create_app
from headway.identity.throttle import Limits
from headway.settings import Settings
from tests.identity.conftest import SECRET

ANN = "a fine day for it"
PAIR = 2
"""Failures allowed for one account from one address; ten for an account, and from an address."""

SignIn = Callable[..., int]


@pytest.fixture
def settings(data_dir: Path) -> Settings:
    return Settings.model_validate(
        {
            "data_dir": data_dir,
            "mode": "production",
            "secret_key": SECRET,
            "embedded_worker": False,
            "sign_in_failures": PAIR,
            "trusted_proxies": ("10.9.0.0/16",),
        }
    )


@pytest.fixture
def sign_in(settings: Settings, password_hash: str) -> Iterator[SignIn]:
    """Signs in as somebody from somewhere, and answers with the status."""
    app = create_app(settings)
    users = app.parts.open().service.store.users
    for name in ("ann", *(f"user-{n}" for n in range(12))):
        users.add(name, password_hash)

    def sign_in(
        name: str = "ann", password: str = ANN, *, at: str = "192.0.2.1", forwarded: str = ""
    ) -> int:
        client = TestClient(app, client=(at, 5000))
        headers = {"X-Forwarded-For": forwarded} if forwarded else {}
        form = {"username": name, "password": password}
        answer = client.post("/token", data=form, headers=headers)
        if answer.status_code == 429:
            assert 1 <= int(answer.headers["retry-after"]) <= 900
            assert answer.json()["code"] == "too_many_failed_sign_ins"
            assert answer.json()["current"] >= answer.json()["limit"] > 0
        return answer.status_code

    yield sign_in
    app.parts.close()


def test_one_account_from_one_address(sign_in: SignIn) -> None:
    """S12: whoever tries password after password is stopped, even by the right one."""
    assert [sign_in(password=f"wrong {n}") for n in range(4)] == [401, 401, 429, 429]
    assert sign_in() == 429
    assert sign_in(name="user-1") == 200


def test_the_victim_still_signs_in_from_elsewhere(sign_in: SignIn) -> None:
    """S12: from an address that has not failed, however many others have."""
    tried = [sign_in(password="wrong", at=f"192.0.2.{n}") for n in range(2, 14)]
    assert set(tried) == {401}
    assert sign_in(at="198.51.100.7") == 200
    # Who fails there now is stopped at once: the account is under attack.
    assert sign_in(password="wrong", at="203.0.113.9") == 401
    assert sign_in(password="wrong", at="203.0.113.9") == 429


def test_one_password_over_many_accounts(sign_in: SignIn) -> None:
    """S12: an address that fails everywhere is stopped, for accounts it has not tried too."""
    tried = [sign_in(name=f"nobody-{n}", password="summer") for n in range(5 * PAIR + 2)]
    assert tried == [401] * (5 * PAIR) + [429, 429]
    assert sign_in(name="user-1") == 429
    assert sign_in(name="user-1", at="192.0.2.2") == 200


def test_who_signed_in_there_before_still_does(sign_in: SignIn) -> None:
    """S12: a colleague behind the same address does not lock him out."""
    assert sign_in() == 200
    for n in range(5 * PAIR):
        sign_in(name=f"nobody-{n}", password="summer")
    assert sign_in(name="user-1") == 429
    assert sign_in() == 200


def test_a_success_forgives_what_failed_before(sign_in: SignIn) -> None:
    for _ in range(3):
        assert sign_in(password="typo") == 401
        assert sign_in() == 200


def test_an_unknown_account_is_stopped_like_a_known_one(sign_in: SignIn) -> None:
    """S11: the limit tells nothing either."""
    known = [sign_in(password="wrong") for _ in range(3)]
    unknown = [sign_in(name="nobody", password="wrong", at="192.0.2.9") for _ in range(3)]
    assert known == unknown == [401, 401, 429]


def test_a_restart_forgets_nothing(sign_in: SignIn, settings: Settings) -> None:
    """S12: it is counted in the store, so other processes know too."""
    for _ in range(PAIR):
        sign_in(password="wrong")
    other = create_app(settings)
    client = TestClient(other, client=("192.0.2.1", 5000))
    try:
        answer = client.post("/token", data={"username": "ann", "password": ANN})
        assert answer.status_code == 429
    finally:
        other.parts.close()


def test_a_forged_header_changes_no_address(sign_in: SignIn) -> None:
    """S12: X-Forwarded-For of somebody who is no proxy of ours."""
    tried = [sign_in(password="wrong", forwarded=f"203.0.113.{n}") for n in range(4)]
    assert tried == [401, 401, 429, 429]


def test_a_trusted_proxy_is_believed_up_to_itself(sign_in: SignIn) -> None:
    """The client is the last hop that is no proxy of ours; what stands before it proves nothing."""
    at = "10.9.0.1"
    for n in range(PAIR):
        told = f"198.51.100.{n}, 203.0.113.5, 10.9.0.2"
        assert sign_in(password="wrong", at=at, forwarded=told) == 401
    assert sign_in(at=at, forwarded="1.2.3.4, 203.0.113.5") == 429
    assert sign_in(at=at, forwarded="203.0.113.5, 203.0.113.6") == 200


def test_an_ipv6_network_is_one_address(sign_in: SignIn) -> None:
    """Whoever has a /64 has more addresses than anybody can count."""
    tried = [sign_in(password="wrong", at=f"2001:db8:1:2::{n}") for n in range(1, 4)]
    assert tried == [401, 401, 429]
    assert sign_in(at="2001:db8:1:3::1") == 200


def test_a_changed_password_is_guessed_no_faster(settings: Settings, sign_in: SignIn) -> None:
    """Whoever found a token does not find the password with it."""
    app = create_app(settings)
    client = TestClient(app)
    try:
        form = {"username": "ann", "password": ANN}
        token = client.post("/token", data=form).json()["access_token"]
        body = {"current_password": "a guess of mine", "new_password": "another day for that"}
        tried = [
            client.post(
                "/api/v1/users/me/password",
                json=body,
                headers={"Authorization": f"Bearer {token}"},
            ).status_code
            for _ in range(3)
        ]
        assert tried == [403, 403, 429]
    finally:
        app.parts.close()


def test_development_is_generous() -> None:
    """All come from this host there, and tests sign in wrongly on purpose."""
    assert Limits.of(Settings()) == Limits(100)
    assert Limits.of(Settings(sign_in_failures=7)) == Limits(7)
    production = Settings.model_validate({"mode": "production", "secret_key": SECRET})
    assert Limits.of(production) == Limits(10)
