"""`headway serve`: the API and an embedded worker, until told to stop."""

import argparse
import errno
import gc
import signal
import socket
import sys
from pathlib import Path
from typing import Final

import uvicorn

from headway.cli.arguments import port
from headway.cli.starting import find_modules_here
from headway.errors import SettingsError
from headway.events.log import log_to
from headway.http.app import create_app
from headway.http.hearing import LARGEST_MESSAGE
from headway.server.guarded import GuardedConnection
from headway.server.unread import BoundedSocket, hold_little
from headway.settings import Settings

STREAMS_END_SECONDS = 3
"""Streams are told to end at the signal; what is still open after this is cut."""

_REMEDIES: Final = {
    errno.EADDRINUSE: "is it served already? Choose another with --port",
    errno.EACCES: "choose one of 1024 or above with --port",
}
"""What to do where the port is what is wrong."""


def parser() -> argparse.ArgumentParser:
    """What the command takes."""
    parser = argparse.ArgumentParser(prog="headway serve", description="Run the API and a worker.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=port, default=8000, help="port; 0 for any free one")
    parser.add_argument("--data-dir", type=Path, help="where everything is kept")
    parser.add_argument("--slots", type=int, help="CPU-bound jobs at a time")
    parser.add_argument("--no-worker", action="store_true", help="`headway work` runs elsewhere")
    return parser


def run(given: argparse.Namespace) -> int:
    """Open, serve; exit code 0 after a stop."""
    find_modules_here()
    settings = Settings.from_env(
        data_dir=given.data_dir,
        slots=given.slots,
        embedded_worker=False if given.no_worker else None,
    )
    log_to(sys.stderr, settings.log_level)
    with _listen(given.host, given.port) as sock:
        app = create_app(settings)
        app.parts.open()  # what is wrong is told in a sentence, before anybody can ask
        config = uvicorn.Config(
            app,
            http=GuardedConnection.of(app.in_flight),
            ws=BoundedSocket,
            ws_max_size=LARGEST_MESSAGE,
            log_config=None,
            access_log=False,
            # What a proxy says of its clients is for HEADWAY_TRUSTED_PROXIES to believe. In
            # development mode a request that came through one is not from this host.
            proxy_headers=settings.mode == "development",
            timeout_graceful_shutdown=STREAMS_END_SECONDS,
        )
        for one in (signal.SIGTERM, signal.SIGINT):
            # Uvicorn raises the signal once more when it has shut down: a stop that was asked for
            # ends with code 0.
            signal.signal(one, lambda *_: None)
        server = _Server(config, _greeting(settings, given.host, sock.getsockname()[1]))
        server.run(sockets=[sock])
    return 0 if server.started else 1


class _Server(uvicorn.Server):
    """Greets once it listens: whoever waits for the greeting may ask at once. What there is by
    then stays until the end: to look through it for garbage would hold everybody up, again and
    again, for a tenth of a second."""

    def __init__(self, config: uvicorn.Config, greeting: str) -> None:
        super().__init__(config)
        self._greeting = greeting

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        if self.started:
            gc.collect()
            gc.freeze()
            print(self._greeting, flush=True)


def _listen(host: str, number: int) -> socket.socket:
    """The listening socket: made here, so that the URL is known before the server starts."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    hold_little(sock)
    try:
        sock.bind((host, number))
    except OSError as error:
        sock.close()
        remedy = _REMEDIES.get(error.errno or 0, "name an address of this machine with --host")
        raise SettingsError(
            f"expected to listen on {host}, port {number}, got: {error.strerror}; {remedy}"
        ) from None
    return sock


def _greeting(settings: Settings, host: str, number: int) -> str:
    place = f"[{host}]" if ":" in host else host
    lines = [f"Headway serves http://{place}:{number} (API: /docs), data in {settings.data_dir}"]
    if settings.mode == "development":
        lines.append(
            "Development mode: sign in as alice / secret123 or bob / secret456; other hosts are"
            " refused. Set HEADWAY_MODE=production before anybody else can reach this port."
        )
    return "\n".join(lines)
