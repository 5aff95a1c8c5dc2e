"""A notice goes to a mailbox, over a real server of mail."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from headway.delivery.mail import MailServer, send
from headway.delivery.notice import Notice
from headway.errors import NotRetryable, OperationFailed
from tests.waiting import AT_ONCE

NOTICE = Notice(
    message_id="f81d4fae-7dec-41d0-a765-00a0c91e6bf6",
    job_id="1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed",
    job_type="train_model",
    owner="ann",
    status="failed",
    completed_at=1_700_000_000.25,
    error="expected rows, got: none",
)


class Mailbox:
    """Keeps what it gets, or refuses it as it is told."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.refusal = ""

    async def handle_RCPT(  # noqa: N802 - its server calls it so
        self, _server: Any, _session: Any, envelope: Any, address: str, _: Any
    ) -> str:
        if self.refusal:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - its server calls it so
        self, _server: Any, _session: Any, envelope: Any
    ) -> str:
        self.mails.append(message_from_bytes(envelope.content))
        return "250 OK"


def authenticated(_server: Any, _session: Any, _envelope: Any, _how: str, given: Any) -> AuthResult:
    known = LoginPassword(login=b"headway", password=b"w@rd")
    return AuthResult(success=given == known, handled=False)


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def server(mailbox: Mailbox, free_port: int) -> Iterator[MailServer]:
    controller = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=free_port,
        authenticator=authenticated,
        auth_require_tls=False,
        ready_timeout=AT_ONCE,
    )
    controller.start()
    yield MailServer.at(f"smtp://headway:w%40rd@127.0.0.1:{free_port}", "jobs@example.org")
    controller.stop()


def test_a_mail_says_what_happened(server: MailServer, mailbox: Mailbox) -> None:
    asyncio.run(send(NOTICE, "ann@example.org", server))
    (mail,) = mailbox.mails
    assert (mail["From"], mail["To"]) == ("jobs@example.org", "ann@example.org")
    assert mail["Subject"] == "train_model failed (1b9d6bcd)"
    body = str(mail.get_payload())
    assert NOTICE.job_id in body
    assert "expected rows, got: none" in body


def test_an_error_that_no_mail_can_hold_is_sent_as_far_as_it_can(
    server: MailServer, mailbox: Mailbox
) -> None:
    """Half of a pair of UTF-16, as the name of a file may have it."""
    asyncio.run(send(replace(NOTICE, error="expected rows in \udce4.csv"), "a@e.org", server))
    (mail,) = mailbox.mails
    assert "expected rows in ?.csv" in str(mail.get_payload())


def test_each_attempt_sends_the_same_message(server: MailServer, mailbox: Mailbox) -> None:
    """Whoever gets it twice can tell, and no absence notice answers it."""
    for _ in range(2):
        asyncio.run(send(NOTICE, "ann@example.org", server))
    assert {mail["Message-ID"] for mail in mailbox.mails} == {f"<{NOTICE.message_id}@example.org>"}
    assert {mail["Auto-Submitted"] for mail in mailbox.mails} == {"auto-generated"}


@pytest.mark.parametrize(
    ("refusal", "final"), [("450 later", False), ("421 busy", False), ("550 no such mailbox", True)]
)
def test_what_is_refused_for_now_is_sent_again(
    server: MailServer, mailbox: Mailbox, refusal: str, final: bool
) -> None:
    mailbox.refusal = refusal
    with pytest.raises(OperationFailed, match=refusal[:3]) as failed:
        asyncio.run(send(NOTICE, "ann@example.org", server))
    assert isinstance(failed.value, NotRetryable) == final


def test_a_wrong_password_is_for_the_operator(server: MailServer, free_port: int) -> None:
    wrong = MailServer.at(f"smtp://headway:wrong@127.0.0.1:{free_port}", "jobs@example.org")
    with pytest.raises(NotRetryable, match="535") as failed:
        asyncio.run(send(NOTICE, "ann@example.org", wrong))
    assert "wrong" not in str(failed.value)


def test_a_password_goes_to_no_other_host_in_clear(
    server: MailServer, mailbox: Mailbox, free_port: int
) -> None:
    """Who takes the offer of TLS out of the way gets nothing; without a user there is no secret."""
    elsewhere = f"0.0.0.0:{free_port}"  # the same server, by an address that need not be here
    clear = MailServer.at(f"smtp://headway:w%40rd@{elsewhere}", "jobs@example.org")
    with pytest.raises(NotRetryable, match="STARTTLS") as refused:
        asyncio.run(send(NOTICE, "ann@example.org", clear))
    assert "w@rd" not in str(refused.value)
    assert mailbox.mails == []
    asyncio.run(send(NOTICE, "ann@example.org", MailServer.at(f"smtp://{elsewhere}", "j@e.org")))
    assert len(mailbox.mails) == 1


def test_a_server_that_is_away_is_a_reason_to_try_again(free_port: int) -> None:
    away = MailServer.at(f"smtp://127.0.0.1:{free_port}", "jobs@example.org")
    with pytest.raises(OperationFailed, match="to take the mail") as failed:
        asyncio.run(send(NOTICE, "ann@example.org", away))
    assert not isinstance(failed.value, NotRetryable)
