"""Posting a notice to a URL that a user chose, so that it reaches nobody but whom the URL names.

The name is looked up once, every address it has is checked, and one of those is connected to: a
second lookup could give another. Redirects are not followed, and no proxy of the environment is
asked, since both would decide anew where the request goes.
"""

import asyncio
import socket
import time
from collections.abc import Iterable
from http import HTTPStatus
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

import httpx2

from headway.delivery.notice import Notice
from headway.delivery.signing import signed_headers
from headway.errors import NotRetryable, OperationFailed
from headway.notices import Reach, refused_ip, refused_url

SECONDS: Final = 15.0
"""A receiver should take a message in and work on it later."""
_READ: Final = 2_000
"""Bytes of an answer that are looked at: what a receiver says is of use for its operator only."""


async def post(notice: Notice, url: str, keys: Iterable[str], reach: Reach) -> int:
    """Send the notice; the status of an answer that says it was taken in, 200 to 299.

    Raise `OperationFailed` for what may go well later, `NotRetryable` for what will not.
    """
    refused = refused_url(url, reach)
    if refused is not None:
        raise NotRetryable(refused)
    parts = urlsplit(url)
    host = parts.hostname or ""
    address = await _address_of(host, parts.port or (443 if parts.scheme == "https" else 80), reach)
    body = notice.body
    headers = {
        "Host": parts.netloc,
        "Content-Type": "application/json",
        "User-Agent": "Headway",
        **signed_headers(notice.message_id, int(time.time()), body, keys),
    }
    numeric = f"[{address}]" if ":" in address else address
    target = httpx2.URL(url).copy_with(host=numeric)
    try:
        async with asyncio.timeout(SECONDS):
            status = await _answer(target, body, headers, host)
    except (httpx2.HTTPError, TimeoutError, OSError) as error:
        raise OperationFailed(
            f"expected {host} to take the message in, got: {type(error).__name__}"
            f" {str(error)[:200]}".rstrip()
        ) from error
    return _taken_in(host, status)


async def _answer(url: httpx2.URL, body: bytes, headers: dict[str, str], host: str) -> int:
    async with (
        httpx2.AsyncClient(trust_env=False, follow_redirects=False, timeout=SECONDS) as client,
        client.stream(
            "POST", url, content=body, headers=headers, extensions={"sni_hostname": host}
        ) as answer,
    ):
        read = 0
        async for chunk in answer.aiter_raw():
            read += len(chunk)
            if read > _READ:  # it may send for ever
                break
        return answer.status_code


async def _address_of(host: str, port: int, reach: Reach) -> str:
    """An address of the host; every one of them must be one that may be sent to."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise OperationFailed(f"expected {host} to have an address, got: {error}") from None
    addresses = [str(one[4][0]).partition("%")[0] for one in found]
    for one in addresses:
        refused = None if reach.private else refused_ip(ip_address(one))
        if refused is not None:
            raise NotRetryable(f"{host}: {refused}")
    return addresses[0]


def _taken_in(host: str, status: int) -> int:
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return status
    said = f"expected {host} to answer with 200 to 299, got: {status}"
    if status == HTTPStatus.GONE:
        raise NotRetryable(f"{said}; it says that it wants no more")
    raise OperationFailed(said)
