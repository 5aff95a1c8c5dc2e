"""The ASGI application."""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import FrameType
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Route
from starlette.types import ASGIApp

from headway.events.log import logged
from headway.events.metrics import RequestTally
from headway.http import (
    aliases,
    auth,
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
    operators,
    overview,
    own_account,
    own_models,
    pages,
    predict,
    previews,
    problems,
    promotions,
    results,
    rows,
    submit,
    switchboard,
    users,
    websocket,
)
from headway.http.assets import Assets
from headway.http.border import Border
from headway.http.head import Head
from headway.http.in_flight import InFlight
from headway.http.openapi import describe
from headway.http.parts import LazyParts
from headway.rights import Scope
from headway.settings import Settings
from headway.wiring import open_tracer

MODULES = (
    submit,  # the two that are asked for most stand first
    predict,
    auth,
    own_account,
    keys,
    users,
    live,
    results,
    evaluations,
    jobs,
    imports,
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
    health,
    metrics,
    pages,
)
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Application(FastAPI):
    """FastAPI inside our border, which also the answer to a crash must pass."""

    def __init__(self, settings: Settings, **options: Any) -> None:
        super().__init__(**options)
        self._local_only = settings.mode == "development" and not settings.allow_remote
        self.in_flight = InFlight(settings.max_in_flight)
        self.requests = RequestTally()
        self.tracer = open_tracer(settings, "headway-api")

    def build_middleware_stack(self) -> ASGIApp:
        """The whole application, seen from outside."""
        return Border(
            Head(super().build_middleware_stack()),
            self.in_flight,
            local_only=self._local_only,
            is_bare=not self.user_middleware,
            listeners=(logged, self.requests),
            tracer=self.tracer,
        )

    def openapi(self) -> dict[str, Any]:
        """The API as OpenAPI has it, made when first asked for."""
        if self.openapi_schema is None:
            self.openapi_schema = describe(super().openapi(), self._needed)
        return self.openapi_schema

    def _needed(self, method: str, path: str) -> Scope:
        """What a caller of a documented route must be allowed."""
        (endpoint,) = [
            route.endpoint
            for route in self.routes
            if isinstance(route, APIRoute)
            and route.path_format == path
            and method.upper() in (route.methods or ())
        ]
        return auth.needed_for(endpoint, method.upper())


def create_app(settings: Settings, *, guard: auth.Guard | None = None) -> FastAPI:
    """The service as an ASGI application. It opens its data directory at startup, or with the
    first request where nobody runs a lifespan. With a `guard` it signs nobody in itself."""
    lazy = LazyParts(settings, foreign_users=guard is not None)
    app = Application(
        settings,
        title="Headway",
        summary="Durable jobs for ML APIs",
        version="0.1.0",
        docs_url=None,  # `pages` has a reference of our own: nothing is loaded from elsewhere
        redoc_url=None,
        lifespan=_lifespan(lazy),
        telemetry={"operation_spans": False, "metrics": False, "logs": False},
    )
    app.state.lazy = lazy
    app.state.in_flight = app.in_flight
    app.state.requests = app.requests
    app.state.tracer = app.tracer
    app.state.assets = Assets()
    app.state.guard = guard
    routers = [module.router for module in MODULES]
    routes = [route for router in routers for route in router.routes]
    problems.install(app)
    # Not `include_router`: a router in a router is matched twice, which is a fifth of the time
    # that a submission takes. Each router already says its prefix.
    app.router.routes.extend(routes)
    app.state.plain_routes = [one for one in app.router.routes if isinstance(one, Route)]
    return app


def _lifespan(lazy: LazyParts) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        parts = await lazy.opened()
        parts.accounts.announce()
        restore = _end_on_signals(parts.begin_end)
        try:
            yield
        finally:
            restore()
            lazy.close()

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

    for number in _STOP_SIGNALS:
        signal.signal(number, on_signal)

    def restore() -> None:
        for number, handler in previous.items():
            if signal.getsignal(number) is on_signal:
                signal.signal(number, handler)

    return restore
