"""A synchronous client: sign in, submit, watch, read."""

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import httpx2
import orjson

from headway.client.problem import ApiError
from headway.errors import HeadwayError

_FINISHED = frozenset({"completed", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One event of a job's stream."""

    name: str
    """`update`, `metric`, `log`, `items`, `checkpoint` or `complete`."""
    data: Mapping[str, Any]
    id: int | None


class Client:
    """Speaks for one user to one service."""

    def __init__(self, base_url: str, username: str, password: str) -> None:
        self._http = httpx2.Client(base_url=base_url, timeout=httpx2.Timeout(60, connect=5))
        self.token = ""
        """The bearer token, once signed in."""
        self._sign_in = {"username": username, "password": password}

    def __enter__(self) -> Self:
        self.token = str(self._answer("POST", "/token", data=self._sign_in)["access_token"])
        self._http.headers["Authorization"] = f"Bearer {self.token}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def predict(self, text: str, model: str | None = None) -> dict[str, Any]:
        """The prediction for one text, at once."""
        named = {} if model is None else {"model": model}
        return self._answer("POST", "/api/v1/predict", json={"text": text, **named})

    def submit(self, job_type: str, request: Mapping[str, Any], **options: Any) -> str:
        """Submit a job and give its id. Sent with a key of its own, so a repeat makes no second."""
        answer = self._answer(
            "POST",
            "/api/v1/jobs",
            json={"job_type": job_type, "input": request, **options},
            headers={"Idempotency-Key": str(uuid4())},
        )
        return str(answer["job_id"])

    def import_csv(self, file: Path | None = None, **options: str) -> str:
        """Upload a CSV file, or name none for the bundled sample; the import's job id."""
        headers = {"Idempotency-Key": str(uuid4())}
        if file is None:
            answer = self._answer("POST", "/imports", params=options, headers=headers)
        else:
            with file.open("rb") as stream:
                upload = {"file": (file.name, stream, "text/csv")}
                answer = self._answer(
                    "POST", "/imports", params=options, files=upload, headers=headers
                )
        return str(answer["task_id"])

    def job(self, job_id: str) -> dict[str, Any]:
        """The job as it is now."""
        return self._answer("GET", f"/api/v1/jobs/{job_id}")

    def cancel(self, job_id: str) -> None:
        """Cancel a job that has not ended."""
        self._answer("DELETE", f"/api/v1/jobs/{job_id}")

    def events(self, job_id: str) -> Iterator[StreamEvent]:
        """The job's events until it has ended, gone on with where the line was cut."""
        last: int | None = None
        while True:
            try:
                for event in self._stream(job_id, last):
                    last = event.id if event.id is not None else last
                    yield event
                    if event.name == "complete":
                        return
            except httpx2.TransportError:
                time.sleep(0.5)  # the service is away for a moment; what we miss is replayed

    def result(self, job_id: str) -> dict[str, Any]:
        """The result of a job that has ended. Raise `HeadwayError` if it did not complete."""
        job = self.job(job_id)
        if job["status"] not in _FINISHED or job["status"] != "completed":
            raise HeadwayError(f"{job['job_type']} {job['status']}: {job['error']}")
        return dict(job["result"] or {})

    def _stream(self, job_id: str, last: int | None) -> Iterator[StreamEvent]:
        headers = {} if last is None else {"Last-Event-ID": str(last)}
        with self._http.stream(
            "GET", f"/api/v1/jobs/{job_id}/stream", headers=headers, timeout=40
        ) as response:
            if response.status_code != 200:
                response.read()
                raise ApiError.of(response.status_code, _json(response))
            for event in httpx2.EventSource(response):
                number = int(event.id) if event.id else None
                yield StreamEvent(event.event, orjson.loads(event.data), number)

    def _answer(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        response = self._http.request(method, path, **options)
        body = _json(response)
        if response.is_error:
            raise ApiError.of(response.status_code, body)
        return dict(body)


def wait_until_ready(base_url: str, seconds: float) -> None:
    """Return once the service can take jobs and run them. Raise `HeadwayError` if that lasts."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx2.TransportError):
            if httpx2.get(f"{base_url}/readyz").is_success:
                return
        time.sleep(0.05)
    raise HeadwayError(f"expected {base_url} to be ready within {seconds:g} s, but it is not")


def _json(response: httpx2.Response) -> Any:
    try:
        return orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None
