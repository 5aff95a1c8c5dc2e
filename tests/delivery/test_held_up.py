"""Whoever says nothing, a mail server or that of a name, holds up no more than its own kind."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any, Final

import pytest

from headway.delivery import mail, webhook
from headway.delivery.mail import MailServer
from headway.delivery.notice import Notice
from headway.errors import NotRetryable, OperationFailed
from headway.notices import Reach
from tests.delivery.receiver import Receiver, receiver

HERE = Reach(private=True, mail=True)
WITHIN: Final = 10.0
"""Less than any delivery may take."""
MANY: Final = 100
"""More than a process has threads for what blocks."""
NOTICE = Notice(
    message_id="f81d4fae-7dec-41d0-a765-00a0c91e6bf6",
    job_id="1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed",
    job_type="train_model",
    owner="ann",
    status="completed",
    completed_at=1_700_000_000.25,
)


@pytest.fixture
def there() -> Iterator[Receiver]:
    with receiver() as one:
        yield one


@pytest.fixture
def silent(free_port: int) -> Iterator[MailServer]:
    """It takes connections, and that is all; at the end they are reset, which frees the threads."""
    with socket.create_server(("127.0.0.1", free_port), backlog=MANY):
        yield MailServer.at(f"smtp://127.0.0.1:{free_port}", "jobs@example.org")


@pytest.fixture
def unanswered(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A name whose look-up does not end before the test does."""
    over, real = threading.Event(), socket.getaddrinfo

    def getaddrinfo(host: str, *arguments: Any, **named: Any) -> Any:
        if host == "silent.example.org":
            over.wait(60)
        return real("127.0.0.1" if host.endswith(".org") else host, *arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield "silent.example.org"
    over.set()


def test_a_silent_mail_server_holds_up_neither_webhooks_nor_other_jobs(
    silent: MailServer, there: Receiver
) -> None:
    """Those share a process with the mails, and its event loop."""

    async def meanwhile() -> tuple[str, int]:
        mails = [asyncio.create_task(mail.send(NOTICE, "a@e.org", silent)) for _ in range(MANY)]
        await asyncio.sleep(0)
        async with asyncio.timeout(WITHIN):
            of_a_job = await asyncio.to_thread(lambda: threading.current_thread().name)
            status = await webhook.post(NOTICE, there.url, [], HERE)
        for one in mails:
            one.cancel()
        await asyncio.gather(*mails, return_exceptions=True)
        return of_a_job, status

    thread, status = asyncio.run(meanwhile())
    assert (thread.startswith("asyncio"), status) == (True, 200)


def test_a_mail_that_nobody_takes_fails_in_time_and_is_sent_again(
    silent: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that waits for its turn behind others."""
    monkeypatch.setattr(mail, "SECONDS", 0.5)

    async def all_of_them() -> list[BaseException | None]:
        mails = (mail.send(NOTICE, "a@e.org", silent) for _ in range(MANY))
        async with asyncio.timeout(WITHIN):
            return await asyncio.gather(*mails, return_exceptions=True)

    failures = asyncio.run(all_of_them())
    assert {type(one) for one in failures} == {OperationFailed}
    assert "to take the mail, got: TimeoutError" in str(failures[-1])


def test_a_name_that_is_not_answered_holds_up_no_other_jobs(unanswered: str) -> None:
    async def meanwhile() -> str:
        url = f"http://{unanswered}/hook"
        posts = [asyncio.create_task(webhook.post(NOTICE, url, [], HERE)) for _ in range(MANY)]
        await asyncio.sleep(0)
        async with asyncio.timeout(WITHIN):
            of_a_job = await asyncio.to_thread(lambda: threading.current_thread().name)
        for one in posts:
            one.cancel()
        await asyncio.gather(*posts, return_exceptions=True)
        return of_a_job

    assert asyncio.run(meanwhile()).startswith("asyncio")


def test_the_time_of_a_webhook_begins_with_the_look_up(
    unanswered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "SECONDS", 0.5)

    async def sent() -> None:
        async with asyncio.timeout(WITHIN):
            await webhook.post(NOTICE, f"http://{unanswered}/hook", [], HERE)

    with pytest.raises(OperationFailed, match="got: TimeoutError") as failed:
        asyncio.run(sent())
    assert not isinstance(failed.value, NotRetryable)
