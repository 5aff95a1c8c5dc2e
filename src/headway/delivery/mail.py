"""Sending a notice by mail, over a server that the service's settings name."""

import asyncio
import smtplib
import ssl
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, localtime
from ipaddress import ip_address
from typing import Final, Self
from urllib.parse import unquote, urlsplit

from headway.delivery.notice import Notice
from headway.errors import NotRetryable, OperationFailed

SECONDS: Final = 30.0
"""For a mail from its turn to its end, and for each silence of the server."""
_THREADS: Final = ThreadPoolExecutor(8, "headway-mail")
"""Of mail alone: a server that says nothing holds up mail, and neither a webhook nor whoever else
asks the event loop for a thread."""
_PERMANENT: Final = range(500, 600)
"""RFC 5321, section 4.2.1: the same again will be refused again."""
_PORTS: Final = {"smtp": 25, "smtps": 465}


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in, and as whom."""

    scheme: str
    """`smtps` speaks TLS from the start; `smtp` begins it where the server can."""
    host: str
    port: int
    user: str | None
    password: str | None
    sender: str

    @classmethod
    def at(cls, url: str, sender: str) -> Self:
        """The server of `smtp://USER:PASSWORD@HOST:PORT` or `smtps://...`."""
        parts = urlsplit(url)
        return cls(
            scheme=parts.scheme,
            host=parts.hostname or "",
            port=parts.port or _PORTS[parts.scheme],
            user=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
            sender=sender,
        )


async def send(notice: Notice, to: str, server: MailServer) -> None:
    """Hand the notice in. Raise `OperationFailed` for what may go well later, `NotRetryable` for
    what will not."""
    message = _message(notice, to, server.sender)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(SECONDS):
            await loop.run_in_executor(_THREADS, _hand_in, message, server)
    except smtplib.SMTPResponseException as error:
        raise _refusal([error.smtp_code], f"{server.host} to take the mail") from error
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        raise _refusal(codes, f"{server.host} to know the mailbox {to}") from error
    except (smtplib.SMTPException, OSError) as error:
        raise OperationFailed(
            f"expected {server.host} to take the mail, got: {type(error).__name__}"
        ) from error


def _refusal(codes: Iterable[int], expected: str) -> OperationFailed:
    """What the server's codes come to: final if all of them are."""
    said = f"expected {expected}, got: {', '.join(map(str, sorted(set(codes))))}"
    return (NotRetryable if all(one in _PERMANENT for one in codes) else OperationFailed)(said)


def _message(notice: Notice, to: str, sender: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = f"{notice.job_type} {notice.status} ({notice.job_id[:8]})"
    message["Date"] = format_datetime(localtime())
    # The same for every attempt: who gets it twice can tell.
    message["Message-ID"] = f"<{notice.message_id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence notice answers it
    why = "" if notice.error is None else f"\n\n{notice.error}"
    text = f"The job {notice.job_id} ({notice.job_type}) is {notice.status}.{why}\n"
    # Half of a pair of UTF-16, as names of files may have: no mail can.
    message.set_content(text.encode(errors="replace").decode())
    return message


def _hand_in(message: EmailMessage, server: MailServer) -> None:
    context = ssl.create_default_context()
    if server.scheme == "smtps":
        with smtplib.SMTP_SSL(server.host, server.port, timeout=SECONDS, context=context) as line:
            _speak(line, message, server)
        return
    with smtplib.SMTP(server.host, server.port, timeout=SECONDS) as line:
        line.ehlo()
        if line.has_extn("starttls"):
            line.starttls(context=context)
            line.ehlo()
        elif server.user is not None and not _is_this_host(server.host):
            raise NotRetryable(
                f"expected {server.host} to offer STARTTLS before it gets the password, got a server"
                " that does not; use smtps://, or an address without a user"
            )
        _speak(line, message, server)


def _is_this_host(name: str) -> bool:
    """Whether what is said to it leaves no machine."""
    with suppress(ValueError):
        return ip_address(name).is_loopback
    return name == "localhost"


def _speak(line: smtplib.SMTP, message: EmailMessage, server: MailServer) -> None:
    if server.user is not None:
        line.login(server.user, server.password or "")
    line.send_message(message)
