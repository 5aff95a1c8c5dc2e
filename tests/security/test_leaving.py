"""Who leaves a socket in the middle of much that he has asked for leaves no stack in the log."""

from collections.abc import Iterator

import pytest
from websockets.sync.client import connect

from headway.client import Client
from headway.http.switchboard import MOST
from tests.security.server import Server, serving

ROUNDS = 20


@pytest.fixture(scope="module")
def server(clean_session: None) -> Iterator[Server]:
    with serving(HEADWAY_OPERATIONS="tests.worker.operations_under_test") as server:
        yield server


@pytest.mark.parametrize("there", [True, False], ids=["jobs that are there", "none that are"])
def test_the_log_says_nothing_of_who_has_left(server: Server, there: bool) -> None:
    with Client(server.url, "alice", "secret123") as client:
        jobs = [client.submit("noop", {}).id if there else f"x{n}" for n in range(MOST // 2)]
    asks = [f'{{"action":"subscribe","job_id":"{job}"}}' for job in jobs]
    url, head = server.url.replace("http", "ws") + "/ws/jobs", server.sign_in()
    for left in range(ROUNDS):
        with connect(url, additional_headers=head, max_queue=None) as socket:
            for one in asks:
                socket.send(one)
            for _ in range(left):
                socket.recv()
    assert server.answers()
    assert server.complaints() == []
