"""Posting a notice to a URL that a user chose, so that it reaches nobody but whom the URL names.

The name is looked up once, every address it has is checked, and those are tried in turn: a second
look-up could give others. Redirects are not followed, and no proxy of the environment is
asked, since both would decide anew where the request goes.
"""

import asyncio
import socket
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
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
"""From the look-up of its name on: a receiver should take a message in and work on it later."""
_LOOK_UPS: Final = ThreadPoolExecutor(16, "headway-look-up")
"""Names whose servers say nothing hold up other names, and nobody else who wants a thread."""
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
    port = parts.port or (443 if parts.scheme == "https" else 80)
    body = notice.body
    headers = {
        "Host": parts.netloc,
        "Content-Type": "application/json",
        "User-Agent": "Headway",
        **signed_headers(notice.message_id, int(time.time()), body, keys),
    }
    try:
        async with asyncio.timeout(SECONDS):
            addresses = await _addresses_of(host, port, reach)
            status = await _first_answer(httpx2.URL(url), addresses, body, headers)
    except (httpx2.HTTPError, TimeoutError, OSError) as error:
        raise OperationFailed(
            f"expected {host} to take the message in, got: {type(error).__name__}"
            f" {str(error)[:200]}".rstrip()
        ) from error
    return _taken_in(host, status)


async def _first_answer(
    url: httpx2.URL, addresses: Sequence[str], body: bytes, headers: dict[str, str]
) -> int:
    """The status that the first address answers with at which somebody takes the connection."""
    *others, last = addresses
    limits = httpx2.Timeout(SECONDS, connect=SECONDS / len(addresses))
    async with httpx2.AsyncClient(
        trust_env=False, follow_redirects=False, timeout=limits
    ) as client:
        for one in others:
            with suppress(httpx2.ConnectError, httpx2.ConnectTimeout):
                return await _answer(client, url, one, body, headers)
        return await _answer(client, url, last, body, headers)


async def _answer(
    client: httpx2.AsyncClient, url: httpx2.URL, address: str, body: bytes, headers: dict[str, str]
) -> int:
    numeric = f"[{address}]" if ":" in address else address
    async with client.stream(
        "POST",
        url.copy_with(host=numeric),
        content=body,
        headers=headers,
        extensions={"sni_hostname": url.raw_host.decode()},
    ) as answer:
        read = 0
        async for chunk in answer.aiter_raw():
            read += len(chunk)
            if read > _READ:  # it may send for ever
                break
        return answer.status_code


async def _addresses_of(host: str, port: int, reach: Reach) -> list[str]:
    """The addresses of the host; every one of them must be one that may be sent to."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.run_in_executor(
            _LOOK_UPS, partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        )
    except (OSError, UnicodeError) as error:
        raise OperationFailed(f"expected {host} to have an address, got: {error}") from None
    addresses = list(dict.fromkeys(str(one[4][0]).partition("%")[0] for one in found))
    for one in addresses:
        refused = None if reach.private else refused_ip(ip_address(one))
        if refused is not None:
            raise NotRetryable(f"{host}: {refused}")
    return addresses


def _taken_in(host: str, status: int) -> int:
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return status
    said = f"expected {host} to answer with 200 to 299, got: {status}"
    if status == HTTPStatus.GONE:
        raise NotRetryable(f"{said}; it says that it wants no more")
    raise OperationFailed(said)
