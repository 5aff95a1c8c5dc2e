"""Sending a notice by mail, over a server that the service's settings name."""

import asyncio
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, localtime
from typing import Final, Self
from urllib.parse import unquote, urlsplit

from headway.delivery.notice import Notice
from headway.errors import NotRetryable, OperationFailed

SECONDS: Final = 30.0
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
    try:
        await asyncio.to_thread(_hand_in, _message(notice, to, server.sender), server)
    except smtplib.SMTPResponseException as error:
        said = f"expected {server.host} to take the mail, got: {error.smtp_code}"
        raise (NotRetryable if error.smtp_code in _PERMANENT else OperationFailed)(said) from error
    except smtplib.SMTPRecipientsRefused as error:
        codes = {code for code, _ in error.recipients.values()}
        final = all(code in _PERMANENT for code in codes)
        said = f"expected {server.host} to know the mailbox {to}, got: {sorted(codes)}"
        raise (NotRetryable if final else OperationFailed)(said) from error
    except (smtplib.SMTPException, OSError) as error:
        raise OperationFailed(
            f"expected {server.host} to take the mail, got: {type(error).__name__}"
        ) from error


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
    message.set_content(f"The job {notice.job_id} ({notice.job_type}) is {notice.status}.{why}\n")
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
        _speak(line, message, server)


def _speak(line: smtplib.SMTP, message: EmailMessage, server: MailServer) -> None:
    if server.user is not None:
        line.login(server.user, server.password or "")
    line.send_message(message)
