"""Paths that are written out belong to their own routes alone: `/api/v1/jobs/bulk` is no job that
is called `bulk`."""

from collections import defaultdict
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import BaseRoute, Route

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class WrongMethod(Route):
    """Refuses, on a path that is written out, the methods that none of its routes has."""

    def __init__(self, path: str, methods: Iterable[str]) -> None:
        others = _METHODS.difference(methods)
        super().__init__(path, _refuse, methods=others, include_in_schema=False)


async def _refuse(_request: Request) -> None:
    raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED)


def kept_apart(routes: Iterable[BaseRoute]) -> list[BaseRoute]:
    """The routes, and before each with a place for a name the refusals of the paths that are
    written out and would be taken for such names."""
    routes = list(routes)
    written_out: defaultdict[str, set[str]] = defaultdict(set)
    for route in routes:
        if isinstance(route, Route) and not _has_name(route):
            written_out[route.path] |= route.methods or set()
    found: list[BaseRoute] = []
    for route in routes:
        if isinstance(route, Route) and _has_name(route):
            taken = [path for path in written_out if route.path_regex.match(path)]
            found += [WrongMethod(path, written_out.pop(path)) for path in taken]
        found.append(route)
    return found


def allowed(routes: Iterable[BaseRoute], path: str) -> list[str]:
    """The methods of all routes on the path: Starlette names those of the first one only."""
    on_path = [
        route
        for route in routes
        if isinstance(route, Route)
        and not isinstance(route, WrongMethod)
        and route.path_regex.match(path)
    ]
    written_out = [route for route in on_path if not _has_name(route)]
    names = {name for route in written_out or on_path for name in route.methods or ()}
    return sorted(names | {"HEAD"} if "GET" in names else names)


def _has_name(route: Route) -> bool:
    return "{" in route.path
