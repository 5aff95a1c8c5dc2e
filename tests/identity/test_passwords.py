"""What a password costs: its owner a moment, a thief years, and the service never too much."""

import asyncio
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from headway.errors import TooManySignIns
from headway.http.app import create_app
from headway.http.application import Application
from headway.http.in_flight import InFlight, Place, aside, current
from headway.identity import hashing
from headway.identity.hashing import NOBODY, Hashing, hashed, verified
from headway.settings import Settings
from headway.store.identity import Users
from tests.identity.conftest import PASSWORD, Person

TRUE = hashing.HASHER


@pytest.fixture
def true_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "HASHER", TRUE)


def test_a_hash_is_of_argon2id_and_dear_enough(true_hashes: None) -> None:
    """S10: at least 19 MiB, two passes, one lane."""
    _, kind, _, told, _, _ = hashed("x").split("$")
    costs = dict(one.split("=") for one in told.split(","))
    assert kind == "argon2id"
    assert int(costs["m"]) >= 19_456
    assert int(costs["t"]) >= 2
    assert int(costs["p"]) >= 1


async def test_many_at_once_take_turns_off_the_loop(true_hashes: None) -> None:
    """S10: two are hashed at a time, and the loop goes on beside them."""
    pool = Hashing()
    at_a_time, most, turned = 0, 0, threading.Event()

    def hash_one() -> str:
        nonlocal at_a_time, most
        at_a_time += 1
        most = max(most, at_a_time)
        found = hashed("x")
        assert turned.wait(30)  # on the loop this would be for ever
        at_a_time -= 1
        return found

    made = asyncio.gather(*(pool.run(hash_one) for _ in range(6)))
    await asyncio.sleep(0)
    turned.set()
    assert len(set(await made)) == 6
    pool.close()
    assert 1 <= most <= hashing.AT_A_TIME


async def test_who_would_wait_for_too_long_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """S10: the queue has a bound, and room again when it has moved on."""
    monkeypatch.setattr(hashing, "MOST_WAITING", 3)
    pool = Hashing()
    tried = [pool.run(lambda: hashed("x")) for _ in range(20)]
    answers = await asyncio.gather(*tried, return_exceptions=True)
    refused = [one for one in answers if isinstance(one, TooManySignIns)]
    assert 1 <= len(refused) <= 15
    assert refused[0].retry_after == 5
    assert await pool.run(lambda: 7) == 7
    pool.close()


async def test_who_waits_for_the_hasher_takes_nobody_s_place() -> None:
    """A flood of wrong passwords shuts nobody out who is signed in, and teaches the pace nothing."""
    in_flight, pool, looked = InFlight(8), Hashing(aside), threading.Event()

    async def sign_in() -> None:
        place = Place(in_flight)
        current.set(place)
        await pool.run(looked.wait)
        place.end()

    waiting = [asyncio.ensure_future(sign_in()) for _ in range(32)]
    await asyncio.sleep(0)
    taken, is_full = in_flight.count, in_flight.is_full
    looked.set()
    await asyncio.gather(*waiting)
    pool.close()
    assert (taken, is_full) == (0, False)
    assert in_flight.pace.bound == 8


def test_too_many_sign_ins_are_a_503(
    client: TestClient, person: Callable[..., Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashing, "MOST_WAITING", -hashing.AT_A_TIME)
    form = {"username": person().name, "password": PASSWORD}
    answer = client.post("/token", data=form)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.json()["code"] == "busy"


def test_a_weaker_hash_is_renewed_by_a_sign_in(
    client: TestClient, users: Users, person: Callable[..., Person], true_hashes: None
) -> None:
    """S10: the true hasher finds the light one of the other tests, and the token stays good."""
    someone = person()
    before = users.get(someone.name)
    form = {"username": someone.name, "password": PASSWORD}
    assert client.post("/token", data=form | {"password": "wrong"}).status_code == 401
    assert users.get(someone.name) == before
    assert client.post("/token", data=form).status_code == 200
    after = users.get(someone.name)
    assert before is not None
    assert after is not None
    assert after.password_hash.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert after.generation == before.generation
    assert client.post("/token", data=form).status_code == 200


def test_every_character_counts() -> None:
    """S14: no truncation, at 72 bytes or anywhere; spaces count too."""
    twin = "long and winding " * 10
    for other in (twin + "!", twin[:-1], twin.strip(), twin[:72], twin + " "):
        assert verified(other, hashed(twin)) == (False, None)
    assert verified(twin, hashed(twin)) == (True, None)
    longest = "ж" * 1024
    assert verified(longest, hashed(longest)) == (True, None)
    assert verified(longest + "ж", hashed(longest)) == (False, None)


def test_one_password_typed_on_two_keyboards_is_one() -> None:
    """S14: composed and decomposed, and full-width digits."""
    assert verified("cafe\u0301 au lait", hashed("caf\u00e9 au lait")) == (True, None)
    assert verified("\uff11\uff12\uff13 go", hashed("123 go")) == (True, None)


@pytest.mark.parametrize("odd", ["\0", "a\0b", "\ud800", "x" * 60_000, "\U0001f40e" * 900])
def test_an_odd_password_is_a_wrong_one(odd: str, client: TestClient) -> None:
    """S11: NUL, half a character, a very long one: 401 like any other."""
    body = (
        b"username=alice&password="
        + "".join(f"%{byte:02x}" for byte in odd.encode("utf-8", "surrogatepass")).encode()
    )
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = client.post("/token", content=body, headers=kind)
    assert answer.status_code in (401, 413)
    if answer.status_code == 401:
        assert answer.json()["detail"] == "Incorrect username or password"


def test_known_unknown_and_disabled_users_are_answered_alike(
    app: Application, client: TestClient, users: Users, person: Callable[..., Person]
) -> None:
    """S11: status, body and headers, with a right password and with wrong ones."""
    someone, disabled = person(), person()
    users.change(disabled.name, disabled=True)
    tried = [
        (someone.name, "wrong one"),
        ("nobody at all", "wrong one"),
        (disabled.name, "wrong one"),
        (disabled.name, PASSWORD),
        ("nobody at all", PASSWORD),
    ]
    told = set()
    for name, password in tried:
        answer = client.post("/token", data={"username": name, "password": password})
        document = answer.json()
        del document["request_id"]
        headers = {k: v for k, v in answer.headers.items() if k != "x-request-id"}
        told.add((answer.status_code, str(document), str(sorted(headers.items()))))
    assert len(told) == 1


def test_an_unknown_user_costs_as_much_as_a_known_one() -> None:
    """What is verified for nobody has the very parameters of a real hash."""
    assert NOBODY.split("$")[:4] == TRUE.hash("x").split("$")[:4]


def test_they_take_the_same_time(true_hashes: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """S11: what is verified costs the same, whoever is asked for. In processor time of this thread,
    by turns: anything else would tell of the machine, and of what it does beside."""
    monkeypatch.setattr(hashing, "NOBODY", TRUE.hash("nobody knows"))
    kept = TRUE.hash(PASSWORD)

    def costs(given: str | None) -> float:
        began = time.thread_time()
        verified("wrong one", given)
        return time.thread_time() - began

    known, unknown = zip(*((costs(kept), costs(None)) for _ in range(3)), strict=True)
    ratio = statistics.median(known) / statistics.median(unknown)
    assert 0.5 < ratio < 2.0, (known, unknown)


@pytest.fixture
def production(data_dir: Path) -> Iterator[tuple[Application, list[str]]]:
    """Production on the data of a development run, and the token and the key alice had there."""
    app = create_app(Settings(data_dir=data_dir, embedded_worker=False))
    client = TestClient(app)
    form = {"username": "alice", "password": "secret123"}
    token = client.post("/token", data=form).json()["access_token"]
    key = client.post(
        "/api/v1/keys",
        json={"name": "old", "scopes": ["read"]},
        headers={"Authorization": f"Bearer {token}"},
    ).json()["key"]
    app.parts.close()
    secret = "qd0Wl5sEvX2mZb7uRt9cKy4hNg1fJa8p"
    settings = {"data_dir": data_dir, "mode": "production", "secret_key": secret}
    app = create_app(Settings.model_validate(settings | {"embedded_worker": False}))
    yield app, [token, key]
    app.parts.close()


def test_demo_users_are_nobody_in_production(
    production: tuple[Application, list[str]],
) -> None:
    """S13: not by their passwords, tokens or keys, though their rows are there."""
    app, proofs = production
    client = TestClient(app)
    alice = app.parts.open().service.store.users.get("alice")
    assert alice is not None
    assert alice.demo
    form = {"username": "alice", "password": "secret123"}
    assert client.post("/token", data=form).status_code == 401
    for old in proofs:
        headers = {"Authorization": f"Bearer {old}"}
        assert client.get("/api/v1/users/me", headers=headers).status_code == 401


def test_many_wrong_passwords_at_once_are_all_counted(
    client: TestClient, person: Callable[..., Person]
) -> None:
    """S12: a burst gets no further than a row: each looks again when its turn has come."""
    name = person().name

    def guess(number: int) -> int:
        form = {"username": name, "password": f"guess {number}"}
        return client.post("/token", data=form).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(guess, range(110)))
    assert set(answers) == {401, 429}
    assert answers.count(401) <= 100 + hashing.AT_A_TIME
