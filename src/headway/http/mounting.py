"""Headway in somebody's own FastAPI application: his users, our jobs."""

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from headway.events.log import logged
from headway.http.app import create_app
from headway.http.application import Application
from headway.http.border import Border
from headway.http.error_handlers import handlers
from headway.http.head import Head
from headway.http.openapi import TAG, describe_mounted
from headway.http.parts import LazyParts
from headway.queue import Queue
from headway.settings import Settings
from headway.wire.places import below

_OURS: Final = ("/api/v1/", "/imports", "/ws/")
_HIS: Final = ("/api/v1/users", "/api/v1/logout", "/api/v1/keys", "/api/v1/operator")
"""The host has users, operators, pages and health checks of his own."""


class Mounted:
    """Headway as a host's own code reaches it."""

    def __init__(self, lazy: LazyParts) -> None:
        self._lazy = lazy

    @property
    def queue(self) -> Queue:
        """Where jobs are submitted, found and cancelled. Its methods block: call them in a `def`."""
        return self._lazy.open().queue

    def close(self) -> None:
        """Close what was opened, where no lifespan is run that would. Closing twice is fine."""
        self._lazy.close()


def mount(
    app: FastAPI, settings: Settings, *, user: Callable[..., Any], prefix: str = "/headway"
) -> Mounted:
    """Give an application jobs, streams and ownership, below the prefix.

    `user` is a dependency of the application's own: it returns the name of the user, or raises
    what the application raises when there is none. Everything else of the application stays as it
    is; its lifespan, where one is run, opens and closes Headway too.
    """
    if prefix and (not prefix.startswith("/") or prefix.endswith("/")):
        raise ValueError(f"expected a prefix like /headway, or none at all, got: {prefix!r}")
    guard = HostUser(app, user)
    inner = create_app(settings, guard=guard.name_of)
    app.include_router(MountedRouter(inner, prefix), prefix=prefix, tags=[TAG])
    _describe_with(app, prefix, guard.document())
    return Mounted(inner.parts)


class HostUser:
    """Solves the host's dependency, with all that it depends on, for a request of ours."""

    def __init__(self, host: FastAPI, user: Callable[..., Any]) -> None:
        async def tell(name: Annotated[Any, Depends(user)]) -> Response:
            return _Told(name)

        self._host = host
        self._route = APIRoute("/", tell, dependency_overrides_provider=host)
        self._solve = self._route.get_route_handler()

    async def name_of(self, request: Request) -> str:
        """What the dependency returns; what it raises is raised."""
        # The host's dependency looks for what the host keeps in `request.app.state`.
        told = await self._solve(Request({**request.scope, "app": self._host}, request.receive))
        assert isinstance(told, _Told)
        name: str = told.name
        return name

    def document(self) -> dict[str, Any]:
        """How OpenAPI describes what the dependency asks for."""
        return get_openapi(title="user", version="1", routes=[self._route])


class _Told(Response):
    """Carries a name from the dependency to us; nobody sends it."""

    def __init__(self, name: Any) -> None:
        super().__init__()
        self.name = name


class MountedRouter(APIRouter):
    """Our routes inside of a host: behind our border and with our errors, which the host's own
    routes never see."""

    def __init__(self, inner: Application, prefix: str) -> None:
        super().__init__(
            routes=[route for route in inner.router.routes if _is_ours(route)],
            lifespan=inner.router.lifespan_context,
        )
        self._inner = inner
        self._below = prefix
        errors = ExceptionMiddleware(super().handle, handlers())
        self._border = Border(
            Head(errors),
            inner.in_flight,
            local_only=False,
            is_bare=True,
            listeners=(logged, inner.requests),
            tracer=inner.tracer,
        )

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application that our routes were written for."""
        host, scope["app"] = scope["app"], self._inner
        try:
            with below(scope.get("root_path", "") + self._below):
                await self._border(scope, receive, send)
        finally:
            scope["app"] = host


def _is_ours(route: BaseRoute) -> bool:
    path = getattr(route, "path", "")
    return path.startswith(_OURS) and not path.startswith(_HIS)


def _describe_with(app: FastAPI, prefix: str, entrance: dict[str, Any]) -> None:
    written = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = describe_mounted(written(), prefix, entrance)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's documentation has it
