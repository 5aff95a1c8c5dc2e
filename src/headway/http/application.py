"""The application: FastAPI inside our border, and what the service holds beside its routes."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp

from headway.events.log import logged
from headway.events.metrics import RequestTally
from headway.http.assets import Assets
from headway.http.border import Border
from headway.http.head import Head
from headway.http.in_flight import InFlight
from headway.http.openapi import describe
from headway.http.packing import Packing
from headway.http.parts import LazyParts
from headway.http.scopes import needed_for
from headway.rights import Scope
from headway.settings import Settings
from headway.wiring import open_tracer

Guard = Callable[[Request], Awaitable[str]]
"""Answers with the name of whoever sent a request, where another application signs users in."""


class Application(FastAPI):
    """FastAPI inside our border, which also the answer to a crash must pass.

    What the routes need stands here by its type: whatever is put into `app.state` has none.
    """

    def __init__(
        self, settings: Settings, parts: LazyParts, guard: Guard | None, **options: Any
    ) -> None:
        super().__init__(**options)
        self._local_only = settings.mode == "development" and not settings.allow_remote
        self.parts: Final = parts
        self.guard: Final = guard
        self.assets: Final = Assets()
        self.in_flight: Final = InFlight(settings.max_in_flight)
        self.requests: Final = RequestTally()
        self.tracer: Final = open_tracer(settings, "headway-api")

    def build_middleware_stack(self) -> ASGIApp:
        """The whole application, seen from outside."""
        return Border(
            Head(Packing(super().build_middleware_stack())),
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
        return needed_for(endpoint, method.upper())


def application_of(connection: HTTPConnection) -> Application:
    """The application that answers; within a host it is ours, not the host's."""
    found: Application = connection.app
    return found
