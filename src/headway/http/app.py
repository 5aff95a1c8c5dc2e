"""The ASGI application."""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from importlib.metadata import version
from types import FrameType

from fastapi import FastAPI

from headway.http import (
    aliases,
    catalog,
    downloads,
    evaluations,
    files,
    health,
    imports,
    jobs,
    keys,
    lineage,
    live,
    metrics,
    notifications,
    operations,
    operators,
    overview,
    own_account,
    own_models,
    pages,
    pauses,
    predict,
    previews,
    promotions,
    results,
    rows,
    sign_in,
    submit,
    switchboard,
    users,
    websocket,
)
from headway.http.application import Application, Guard
from headway.http.error_handlers import install_handlers
from headway.http.parts import LazyParts
from headway.http.written_out import kept_apart
from headway.settings import Settings

MODULES = (
    submit,  # the two that are asked for most stand first
    predict,
    sign_in,
    own_account,
    keys,
    users,
    live,
    results,
    evaluations,
    jobs,
    imports,
    operations,
    catalog,
    files,
    own_models,
    aliases,
    promotions,
    lineage,
    downloads,
    rows,
    previews,
    websocket,
    switchboard,
    notifications,
    overview,
    operators,
    pauses,
    health,
    metrics,
    pages,
)
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def create_app(settings: Settings, *, guard: Guard | None = None) -> Application:
    """The service as an ASGI application. It opens its data directory at startup, or with the
    first request where nobody runs a lifespan. With a `guard` it signs nobody in itself."""
    parts = LazyParts(settings, foreign_users=guard is not None)
    app = Application(
        settings,
        parts,
        guard,
        title="Headway",
        summary="Durable jobs for ML APIs",
        version=version("headway"),
        docs_url=None,  # `pages` has a reference of our own: nothing is loaded from elsewhere
        redoc_url=None,
        lifespan=_lifespan(parts),
        telemetry={"operation_spans": False, "metrics": False, "logs": False},
    )
    install_handlers(app)
    # Not `include_router`: a router in a router is matched twice, which is a fifth of the time
    # that a submission takes. Each router already says its prefix.
    routes = [route for module in MODULES for route in module.router.routes]
    app.router.routes.extend(kept_apart(routes))
    return app


def _lifespan(lazy: LazyParts) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        with ExitStack() as closing:
            closing.callback(lazy.close)
            parts = await lazy.opened()
            parts.accounts.announce()
            closing.callback(_end_on_signals(parts.begin_end))
            yield

    return lifespan


def _end_on_signals(begin_end: Callable[[], None]) -> Callable[[], None]:
    """Servers wait for open answers before they run the lifespan's end, and a stream is an answer
    without an end: so the signal that stops the server must reach the streams first. The worker
    hears of it at the same moment, so that its jobs' time of grace and theirs are one."""
    if threading.current_thread() is not threading.main_thread():
        return lambda: None
    previous = {number: signal.getsignal(number) for number in _STOP_SIGNALS}

    loop = asyncio.get_running_loop()

    def on_signal(number: int, frame: FrameType | None) -> None:
        # Not from in here: the code that the signal interrupts may hold the very same locks.
        loop.call_soon_threadsafe(begin_end)
        handler = previous[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)
        elif handler is signal.SIG_DFL:  # nobody else would end the process now
            restore()
            signal.raise_signal(number)

    for number in _STOP_SIGNALS:
        signal.signal(number, on_signal)

    def restore() -> None:
        for number, handler in previous.items():
            if signal.getsignal(number) is on_signal:
                signal.signal(number, handler)

    return restore
