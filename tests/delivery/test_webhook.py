"""A notice reaches whom its URL names, signed; and nobody else."""

import asyncio
import json
import socket
from typing import Any

import pytest
from standardwebhooks import Webhook

from headway.delivery.notice import Notice
from headway.delivery.signing import new_secret, signed_headers
from headway.delivery.webhook import post
from headway.errors import NotRetryable, OperationFailed
from headway.notices import Reach
from tests.delivery.receiver import receiver

HERE = Reach(private=True, mail=False)
PUBLIC = Reach(private=False, mail=False)
NOTICE = Notice(
    message_id="f81d4fae-7dec-41d0-a765-00a0c91e6bf6",
    job_id="1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed",
    job_type="train_model",
    owner="ann",
    status="completed",
    completed_at=1_700_000_000.25,
)


def sent(url: str, *secrets: str, reach: Reach = HERE) -> int:
    return asyncio.run(post(NOTICE, url, secrets, reach))


def test_a_receiver_verifies_what_it_gets_with_the_reference_library() -> None:
    secret = new_secret()
    with receiver(204) as there:
        assert sent(there.url, secret) == 204
    (one,) = there.received
    said: Any = Webhook(secret).verify(one.body.decode(), one.headers)
    assert (one.path, one.headers["content-type"]) == ("/hook?of=ann", "application/json")
    assert one.headers["webhook-id"] == NOTICE.message_id
    assert said == {
        "type": "job.completed",
        "timestamp": "2023-11-14T22:13:20.250000Z",
        "data": {
            "job_id": NOTICE.job_id,
            "job_type": "train_model",
            "status": "completed",
            "user_id": "ann",
            "url": f"/api/v1/jobs/{NOTICE.job_id}",
        },
    }


def test_while_a_secret_changes_either_one_verifies() -> None:
    new, former = new_secret(), new_secret()
    with receiver() as there:
        sent(there.url, new, former)
    (one,) = there.received
    for secret in (new, former):
        assert Webhook(secret).verify(one.body.decode(), one.headers)


def test_a_changed_byte_is_noticed() -> None:
    secret = new_secret()
    headers = signed_headers("id", 1_700_000_000, b"body", [secret])
    assert headers != signed_headers("id", 1_700_000_000, b"bodY", [secret])
    assert headers != signed_headers("id", 1_700_000_001, b"body", [secret])
    assert headers != signed_headers("ie", 1_700_000_000, b"body", [secret])
    assert headers != signed_headers("id", 1_700_000_000, b"body", [new_secret()])


@pytest.mark.parametrize("status", [301, 307, 400, 401, 404, 429, 500, 503])
def test_whatever_is_not_taken_in_is_to_be_sent_again(status: int) -> None:
    with receiver(status) as there, pytest.raises(OperationFailed, match=str(status)) as failed:
        sent(there.url)
    assert not isinstance(failed.value, NotRetryable)


def test_a_receiver_that_is_gone_is_not_asked_again() -> None:
    with receiver(410) as there, pytest.raises(NotRetryable, match="no more"):
        sent(there.url)


def test_a_redirect_is_not_followed() -> None:
    with receiver() as elsewhere, receiver(302) as there:
        there.location = elsewhere.url
        with pytest.raises(OperationFailed, match="302"):
            sent(there.url)
        assert elsewhere.received == []


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as proxy, receiver() as there:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert sent(there.url) == 200
        assert (len(there.received), proxy.received) == (1, [])


def test_an_answer_without_an_end_is_not_read_to_it() -> None:
    with receiver() as there:
        there.endless = True
        assert sent(there.url) == 200
        there.endless = False


def test_nobody_there_is_a_reason_to_try_again(free_port: int) -> None:
    with pytest.raises(OperationFailed, match=r"127\.0\.0\.1 to take the message in"):
        sent(f"http://127.0.0.1:{free_port}/x")


class TestNames:
    """A name is looked up once, and all it leads to is checked."""

    @pytest.fixture
    def lead(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        """Make a name lead to these addresses: the first look-up's, then the second's, ..."""

        def lead(*answers: list[str]) -> list[list[str]]:
            left = list(answers)

            def getaddrinfo(host: str, port: int, *_: object, **__: object) -> list[Any]:
                found = left.pop(0)
                return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

            monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
            return left

        return lead

    @pytest.mark.parametrize(
        "addresses",
        [
            ["127.0.0.1"],
            ["10.1.2.3"],
            ["169.254.169.254"],
            ["::1"],
            ["::ffff:10.0.0.1"],
            ["fe80::1%lo"],
            ["93.184.216.34", "127.0.0.1"],
        ],
        ids=str,
    )
    def test_a_name_that_leads_inside_is_refused(self, lead: Any, addresses: list[str]) -> None:
        """Also if only one of its addresses does."""
        lead(addresses)
        with pytest.raises(NotRetryable, match="everybody can reach"):
            sent("http://hooks.example.org/x", reach=PUBLIC)

    def test_what_was_checked_is_what_is_connected_to(self, lead: Any) -> None:
        """A name that leads elsewhere the second time is not asked a second time."""
        with receiver() as there:
            left = lead(["127.0.0.1"], ["127.0.0.66"])
            assert sent(f"http://hooks.example.org:{there.port}/x") == 200
            assert left == [["127.0.0.66"]]
        (one,) = there.received
        assert one.headers["host"] == f"hooks.example.org:{there.port}"

    def test_an_address_where_nobody_listens_is_not_the_last_that_is_tried(self, lead: Any) -> None:
        """A host that is away is not the only one of its name; one that answers is asked alone."""
        with receiver(503) as there:
            lead(["127.0.0.66", "127.0.0.1", "127.0.0.67"])
            with pytest.raises(OperationFailed, match="503"):
                sent(f"http://hooks.example.org:{there.port}/x")
        assert len(there.received) == 1

    def test_a_name_nobody_knows_is_a_reason_to_try_again(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def unknown(*_: object, **__: object) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        with pytest.raises(OperationFailed, match="to have an address"):
            sent("http://hooks.example.org/x", reach=PUBLIC)


def test_the_text_of_a_url_is_checked_again_when_it_is_used() -> None:
    """It was written down by somebody whose service may have had other settings."""
    with pytest.raises(NotRetryable):
        sent("http://127.0.0.1/x", reach=PUBLIC)


def test_the_bytes_of_a_notice_do_not_change() -> None:
    """Each attempt signs what the one before it signed."""
    assert NOTICE.body == NOTICE.body
    assert json.loads(NOTICE.body)["type"] == NOTICE.event
