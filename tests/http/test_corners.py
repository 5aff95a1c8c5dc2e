"""What clients do that nobody planned for: each corner has the answer that its author would expect."""

import pytest
from fastapi.testclient import TestClient

from headway.http.headers import LONGEST_WAIT
from tests.http.conftest import Gate, Headers, Submit

JOBS = "/api/v1/jobs"
CSV = b"text,label\ngood,yes\nbad,no\n"
ORIGINS = [
    "http://[::1",
    "http://testserver.evil.example",
    "null",
    "",
    "testserver",
    "file://testserver",
]


@pytest.mark.parametrize("origin", ORIGINS)
def test_an_import_from_an_origin_that_is_not_ours_is_403(client: TestClient, origin: str) -> None:
    """Also from one that is no address at all."""
    answer = client.post("/imports", headers={"Origin": origin})
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")


def test_an_import_from_our_own_page_is_taken(client: TestClient) -> None:
    assert client.post("/imports", headers={"Origin": "http://testserver"}).status_code == 202


@pytest.mark.parametrize("name", ["file", "filename"])
def test_an_import_takes_no_file_from_the_query(client: TestClient, name: str) -> None:
    """The query names options; what it calls a file would be somebody's file."""
    answer = client.post(f"/imports?{name}=abc")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/{name}"


def test_an_option_that_comes_twice_is_422(client: TestClient) -> None:
    """Two readers would take two different ones."""
    answer = client.post("/imports?delimiter=,&delimiter=;")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/delimiter"


def test_the_charset_of_a_raw_csv_is_heeded(client: TestClient, alice: Headers) -> None:
    """These bytes are letters in many encodings: only the sender knows which."""
    word = "\u0436\u0443\u043a"
    body = f"text,label\n{word},one\n{word}{word},two\n".encode("koi8-r")
    kind = {"Content-Type": "text/csv; charset=KOI8-R"}
    answer = client.post("/imports", content=body, headers=alice | kind)
    url = f"/imports/{answer.json()['task_id']}"
    done = client.get(url, headers=alice | {"Prefer": "wait=30"}).json()
    assert done["summary"]["sample_rows"][0] == {"text": word, "label": "one"}


def test_an_unknown_charset_is_422(client: TestClient) -> None:
    headers = {"Content-Type": "text/csv; charset=klingon"}
    answer = client.post("/imports", content=CSV, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/encoding"


def test_a_compressed_form_is_415(client: TestClient) -> None:
    """The same answer as for every other compressed body."""
    form = {"username": "alice", "password": "secret123"}
    answer = client.post("/token", data=form, headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 415


RANGES = {
    "bytes=0-4": 206,
    "bytes=-1": 206,
    "bytes=0-99999999999999999999": 206,
    "bytes=a-b": 200,
    "bytes=9-1": 200,
    "bytes=": 200,
    "items=0-1": 200,
    "bananas": 200,
    "bytes=" + ",".join(f"{one}-{one}" for one in range(500)): 200,
    "bytes=99999999-": 416,
}


def test_a_range_is_a_part_or_nothing_at_all(client: TestClient, alice: Headers) -> None:
    """What is no range is ignored; what lies behind the end is a problem document."""
    waiting = alice | {"Prefer": "wait=30"}
    job = client.post(f"{JOBS}/batch-predict", json=["hello"], headers=waiting).json()
    url = f"{JOBS}/{job['job_id']}/results.csv"
    whole = client.get(url, headers=alice)
    for given, expected in RANGES.items():
        answer = client.get(url, headers=alice | {"Range": given})
        assert answer.status_code == expected, given
        if expected == 200:
            assert answer.content == whole.content
        if expected == 416:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["content-range"] == f"bytes */{len(whole.content)}"


def test_two_parts_of_a_file_have_the_type_that_is_documented(
    client: TestClient, alice: Headers
) -> None:
    waiting = alice | {"Prefer": "wait=30"}
    job = client.post(f"{JOBS}/batch-predict", json=["hello"], headers=waiting).json()
    url = f"{JOBS}/{job['job_id']}/results.csv"
    answer = client.get(url, headers=alice | {"Range": "bytes=0-1,4-5"})
    told = client.get("/openapi.json").json()["paths"][f"{JOBS}/{{job_id}}/results.{{ending}}"]
    kind, _, _ = answer.headers["content-type"].partition(";")
    assert answer.status_code == 206
    assert kind in told["get"]["responses"]["206"]["content"]


PATHS = ["/", "/docs", "/healthz", "/openapi.json", JOBS, "/api/v1/queue"]


@pytest.mark.parametrize("path", PATHS)
def test_head_is_get_without_its_body(client: TestClient, alice: Headers, path: str) -> None:
    """Load balancers and download tools ask so."""
    got, head = (client.request(one, path, headers=alice) for one in ("GET", "HEAD"))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == got.headers["content-type"]


def test_head_of_a_stream_ends_where_it_begins(
    client: TestClient, alice: Headers, submit: Submit, gate: Gate
) -> None:
    """Though the job goes on."""
    job_id = submit("steps", input=gate.input(1))
    for path in (f"{JOBS}/{job_id}/stream", f"{JOBS}/stream"):
        head = client.head(path, headers=alice)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"].startswith("text/event-stream")
    client.delete(f"{JOBS}/{job_id}", headers=alice)


def test_head_tells_errors_too(client: TestClient, alice: Headers) -> None:
    assert client.head(JOBS).status_code == 401
    assert client.head(f"{JOBS}/nope", headers=alice).status_code == 404
    assert client.head("/token").headers["allow"] == "POST"


def test_every_path_tells_its_methods(client: TestClient) -> None:
    assert client.put("/openapi.json").headers["allow"] == "GET, HEAD"
    assert client.put("/docs").headers["allow"] == "GET, HEAD"


PREFERENCES = {
    "wait=0": "wait=0",
    "WAIT = 0": "wait=0",
    'wait="0"': "wait=0",
    "wait=0; foo=bar": "wait=0",
    "handling=lenient, wait=0": "wait=0",
    "respond-async, wait=0": "wait=0",
    "wait=0, wait=9": "wait=0",
    "respond-async": "respond-async",
    "respond-async; x=1": "respond-async",
    'note="a, wait=9", respond-async': "respond-async",
    "waiting=9": None,
    "wait": None,
    "wait=-1": None,
    "wait=1e3": None,
    "wait=soon": None,
    '"\\' * 500: None,
    "": None,
}


@pytest.mark.parametrize(("given", "applied"), PREFERENCES.items())
def test_preferences_are_read_as_rfc_7240_has_them(
    client: TestClient, alice: Headers, given: str, applied: str | None
) -> None:
    """What was heeded is told; what is not understood is ignored."""
    body = {"texts": ["hello"]}
    answer = client.post(f"{JOBS}/batch-predict", json=body, headers=alice | {"Prefer": given})
    assert answer.headers.get("preference-applied") == applied
    assert answer.status_code == (202 if "respond-async" in given else 200)


def test_a_wait_has_a_bound(client: TestClient, alice: Headers) -> None:
    body = {"job_type": "nothing"}
    answer = client.post(JOBS, json=body, headers=alice | {"Prefer": "wait=99999999999999999999"})
    assert answer.headers["preference-applied"] == f"wait={LONGEST_WAIT}"
    assert answer.json()["status"] == "completed"


def test_a_retry_with_a_key_happens_once(
    client: TestClient, alice: Headers, submit: Submit
) -> None:
    """The same request again is answered, not refused; another one under the key is 422."""
    url = f"{JOBS}/{submit('fail')}"
    waiting = alice | {"Prefer": "wait=30"}
    assert client.get(url, headers=waiting).json()["status"] == "failed"
    key = alice | {"Idempotency-Key": "again"}
    first = client.post(f"{url}/retry", headers=key)
    assert (first.status_code, first.json()["status"]) == (200, "pending")
    events = len(client.get(f"{url}/events", headers=alice).json())
    assert client.get(url, headers=waiting).json()["status"] == "failed"
    second = client.post(f"{url}/retry", headers=key)
    assert second.status_code == 200
    assert second.headers["idempotent-replayed"] == "true"
    assert second.json()["status"] == "failed"
    assert len(client.get(f"{url}/events", headers=alice).json()) >= events
    other = client.post(f"{url}/retry", headers=alice | {"Idempotency-Key": "other"})
    assert other.status_code == 200
    assert "idempotent-replayed" not in other.headers


def test_a_bad_key_is_400_also_where_one_is_rarely_sent(
    client: TestClient, alice: Headers, submit: Submit
) -> None:
    answer = client.post(
        f"{JOBS}/{submit()}/retry", headers=alice | {"Idempotency-Key": "two words"}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_idempotency_key")


ANSWERS = ["/", "/docs", "/healthz", "/nowhere", "/openapi.json", JOBS, f"{JOBS}/x", "/imports/x"]


@pytest.mark.parametrize("path", ANSWERS)
def test_every_answer_has_strict_headers(client: TestClient, alice: Headers, path: str) -> None:
    """No guessing of types, no frames, no referrer, no reader on another site, no cache by default."""
    headers = client.get(path, headers=alice).headers
    assert headers.get_list("x-content-type-options") == ["nosniff"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["cache-control"] in ("no-store", "no-cache", "private, no-cache")
    if path in ("/", "/docs"):
        assert headers["cross-origin-opener-policy"] == "same-origin"
    else:
        assert headers["cache-control"] == "no-store"


PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization",
}


@pytest.mark.parametrize("origin", [*ORIGINS, "http://evil.example", "http://testserver"])
def test_no_other_site_may_read_an_answer(client: TestClient, alice: Headers, origin: str) -> None:
    """There is no CORS: nothing is allowed, reflected or set to a star, with or without preflight."""
    asked = [
        client.options(JOBS, headers={"Origin": origin, **PREFLIGHT}),
        client.get(JOBS, headers=alice | {"Origin": origin}),
        client.post("/token", data={"username": "a", "password": "b"}, headers={"Origin": origin}),
    ]
    for answer in asked:
        assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert asked[0].status_code == 405


def test_no_cookie_signs_anybody_in(client: TestClient, alice: Headers) -> None:
    """So no other site's form can act for whoever is signed in: nothing is sent by itself."""
    token = alice["Authorization"].removeprefix("Bearer ")
    for cookie in (f"access_token={token}", f"Authorization=Bearer {token}", f"session={token}"):
        assert client.post(JOBS, headers={"Cookie": cookie}).status_code == 401
    for path in ("/", "/docs"):
        assert "set-cookie" not in client.get(path).headers


@pytest.mark.parametrize(
    "override", ["X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"]
)
def test_no_header_changes_the_method(
    client: TestClient, alice: Headers, submit: Submit, override: str
) -> None:
    url = f"{JOBS}/{submit()}"
    assert client.get(url, headers=alice | {override: "DELETE"}).json()["status"] != "cancelled"
