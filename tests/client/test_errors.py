"""The tree of errors is the one drawn, and every error of the service and of httpx2 has its place."""

import ast
import inspect
import re
import ssl
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import httpx2
import pytest

from headway.client import Client, errors
from headway.client.by_answer import BY_CODE, BY_STATUS, api_error
from headway.client.errors import ApiError, ClientError, Untrusted
from headway.client.retry.policy import IN_FLIGHT
from headway.client.session import PASSING, client_error
from headway.http.problems import KINDS
from tests.client.fake_clock import FakeClock, Script

HTTP = Path(errors.__file__).parents[1] / "http"


def test_the_tree_is_the_one_that_is_drawn() -> None:
    """Every class is in the picture, below the class it inherits from."""
    drawn, above = {}, ["HeadwayError"]
    picture = (errors.__doc__ or "").split("\n\n")[1]
    for line in picture.splitlines():
        found = re.match(r"([│ ├└─]*)(\w+)", line)
        assert found is not None, line
        depth = len(found.group(1)) // 4
        above[depth + 1 :] = [found.group(2)]
        drawn[found.group(2)] = above[depth]
    real = {
        name: one.__bases__[0].__name__
        for name, one in vars(errors).items()
        if inspect.isclass(one) and issubclass(one, ClientError)
    }
    assert drawn == real


def statuses_of_codes() -> Iterator[tuple[str, int]]:
    """Every problem code that the service's sources name, with its status."""
    for kind in KINDS.values():
        yield kind.code, kind.status
    for file in HTTP.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refused":
                status, code = node.args[:2]
                if isinstance(status, ast.Attribute) and isinstance(code, ast.Constant):
                    yield str(code.value), HTTPStatus[status.attr]


def test_every_code_of_the_service_has_a_class() -> None:
    """Its own, or that of its status; none falls through to the root."""
    found = dict(statuses_of_codes())
    assert len(found) > 20
    lost = {
        code: status
        for code, status in found.items()
        if type(api_error(status, {"code": code, "detail": "d"})) is ApiError
    }
    assert not lost, f"add these statuses to BY_STATUS: {lost}"
    assert IN_FLIGHT in found
    assert set(BY_CODE) <= set(found), "a code in BY_CODE is none of the service's"


def test_a_code_says_more_than_a_status() -> None:
    """And a status that nobody foresaw is still an error of the service."""
    assert type(api_error(400, {"code": "already_finished"})) is errors.AlreadyFinished
    assert type(api_error(400, {"code": "new"})) is errors.BadRequest
    assert type(api_error(418, None)) is ApiError
    assert type(api_error(599, "a proxy's page")) is errors.ServerFault
    assert all(issubclass(one, ApiError) for one in (*BY_CODE.values(), *BY_STATUS.values()))


def every_error_of_httpx2() -> list[type[Exception]]:
    found = [getattr(httpx2, name) for name in httpx2.__all__]
    is_error = [one for one in found if inspect.isclass(one) and issubclass(one, Exception)]
    return [one for one in is_error if not issubclass(one, httpx2.HTTPStatusError | Warning)]


@pytest.mark.parametrize("kind", every_error_of_httpx2(), ids=lambda one: one.__name__)
def test_every_error_of_httpx2_is_mapped(kind: type[Exception]) -> None:
    """Nothing but `ClientError` leaves the client."""

    error = kind.__new__(kind)  # their constructors differ
    error.args = ("as told",)
    vars(error)["_request"] = None
    assert isinstance(client_error(error), ClientError)


def test_a_refused_certificate_is_no_outage() -> None:
    refused = httpx2.ConnectError("TLS")
    refused.__cause__ = ssl.SSLCertVerificationError("self-signed")
    assert isinstance(client_error(refused), Untrusted)


def test_what_passes_by_itself_is_what_the_page_says() -> None:
    """The page speaks to all clients, this one included."""
    page = (Path(__file__).parents[2] / "docs" / "http.md").read_text()
    (sentence,) = re.findall(r"\*\*What passes by itself\*\* is ([^;]*);", page)
    assert {int(one) for one in re.findall(r"\d+", sentence)} == PASSING
    assert sentence.startswith("no answer at all,")


@pytest.mark.parametrize("status", sorted({*PASSING, *BY_STATUS}))
def test_whoever_waits_for_a_job_bears_what_passes_by_itself(status: int) -> None:
    """And hears of everything else at once, but for what is tried again in any case."""
    script = Script(*[status] * 20, 404)
    client = Client("http://service", token="t", transport=script.transport, clock=FakeClock())
    with client, pytest.raises(ApiError) as refused:
        client.job("one").wait()
    assert (refused.value.status == 404) == (status in {*PASSING, 404})


def test_an_error_says_where_nobody_answered(free_port: int) -> None:
    url = f"http://127.0.0.1:{free_port}"
    told = pytest.raises(errors.NeverSent, match=f"answer from {url}.*is the service running")
    with Client(url, "alice", "x", clock=FakeClock()) as client, told:
        client.me()


def test_what_is_not_the_service_is_told_as_such() -> None:
    script = Script(httpx2.Response(200, text="<html>hello</html>"))
    told = pytest.raises(errors.UnexpectedAnswer, match="/api/v1/users/me")
    with Client("http://service", token="t", transport=script.transport) as client, told:
        client.me()
