"""Two API processes that share nothing but PostgreSQL and a secret: it does not matter which one answers.

Each has a data directory of its own, as on a host of its own. Streams and tickets are in `test_server.py`.
"""

import itertools
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path
from uuid import uuid4

import pytest

from tests.http.conftest import Headers
from tests.http.test_server import JOBS, Server, running
from tests.postgres import fresh_database
from tests.waiting import eventually

pytestmark = pytest.mark.service("postgres")

MOST_QUEUED = 20
FAILURES = 3
NOTHING = {"job_type": "nothing"}

Hosts = tuple[Server, Server]


@pytest.fixture(scope="module")
def hosts() -> Iterator[Hosts]:
    """Both are there for all tests of this file; the first has a worker."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hw-")))
        told = {
            "database_url": stack.enter_context(fresh_database()),
            "secret_key": uuid4().hex + uuid4().hex,
            "max_queued_per_user": str(MOST_QUEUED),
            "sign_in_failures": str(FAILURES),
            "log_level": "warning",  # nobody reads what they say
        }
        one = running(folder / "one", **told)
        other = running(folder / "other", embedded_worker="false", **told)
        yield stack.enter_context(one), stack.enter_context(other)


@pytest.fixture(scope="module")
def alice(hosts: Hosts) -> Headers:
    """Signed in at one; it holds at the other."""
    return hosts[0].sign_in()


def at_once(act: Callable[[Server], int], hosts: Hosts, times: int) -> Counter[int]:
    """How often each status was answered when so many ask at the same moment, by turns at each."""
    together = threading.Barrier(times)

    def one(host: Server) -> int:
        together.wait(30)
        return act(host)

    with ThreadPoolExecutor(times) as pool:
        return Counter(pool.map(one, itertools.islice(itertools.cycle(hosts), times)))


def test_one_key_makes_one_job_whoever_is_asked(hosts: Hosts, alice: Headers) -> None:
    """Twenty at the same moment, at both: the others are told the job, or that it is being made."""
    headers = alice | {"Idempotency-Key": uuid4().hex}
    made: set[str] = set()

    def submit(host: Server) -> int:
        answer = host.client.post(JOBS, json=NOTHING, headers=headers)
        if answer.is_success:
            made.add(answer.json()["job_id"])
        return answer.status_code

    answers = at_once(submit, hosts, 20)
    assert set(answers) <= {HTTPStatus.ACCEPTED, HTTPStatus.CONFLICT}
    assert len(made) == 1
    for host in hosts:
        assert submit(host) == HTTPStatus.ACCEPTED
    assert len(made) == 1


def test_a_limit_is_one_for_all_hosts(hosts: Hosts) -> None:
    """Exactly so many jobs of one user are taken in, though both are asked at once."""
    form = {"username": "bob", "password": "secret456"}
    token = hosts[1].client.post("/token", data=form).json()["access_token"]
    bob = {"Authorization": f"Bearer {token}"}
    later = NOTHING | {"run_at": "2100-01-01T00:00:00Z"}

    def submit(host: Server) -> int:
        return host.client.post(JOBS, json=later, headers=bob).status_code

    answers = at_once(submit, hosts, MOST_QUEUED + 10)
    assert answers == {HTTPStatus.ACCEPTED: MOST_QUEUED, HTTPStatus.TOO_MANY_REQUESTS: 10}


def test_passwords_are_guessed_at_all_hosts_together(hosts: Hosts) -> None:
    """So many guesses for an account, wherever they are made; then both refuse even to look."""

    def guess(host: Server) -> int:
        form = {"username": "mallory", "password": "guessed"}
        return host.client.post("/token", data=form).status_code

    one, other = hosts
    assert [guess(host) for host in (one, other, one)] == [HTTPStatus.UNAUTHORIZED] * FAILURES
    assert [guess(host) for host in hosts] == [HTTPStatus.TOO_MANY_REQUESTS] * 2


def test_a_token_that_one_host_has_ended_is_void_at_the_other(hosts: Hosts) -> None:
    one, other = hosts
    headers = other.sign_in()
    assert one.client.get(JOBS, headers=headers).is_success
    assert one.client.post("/api/v1/logout", headers=headers).is_success

    def refused() -> bool:
        return other.client.get(JOBS, headers=headers).status_code == HTTPStatus.UNAUTHORIZED

    eventually(refused)
