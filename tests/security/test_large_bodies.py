"""Bodies larger than the limit, of a stranger and of a user: refused after no more bytes than that."""

import gzip
import io
from collections.abc import Iterator

import httpx2
import pytest

from tests.security.server import Server, serving
from tests.waiting import eventually

MIB = 2**20
SENT = 64 * MIB


@pytest.fixture(scope="module")
def server(clean_session: None) -> Iterator[Server]:
    with serving(HEADWAY_MAX_BODY_MB="8") as server:
        server.sign_in()
        yield server


def send(server: Server, head: str, *, chunked: bool) -> tuple[int, int]:
    """The status, and how many bytes the server took before it would take no more of 64 MiB."""
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {SENT}"
    piece = b"a,b\n" * 16_384
    if chunked:
        piece = b"%x\r\n%s\r\n" % (len(piece), piece)
    taken = 0
    with server.connect() as one:
        one.sendall(f"{head}\r\nHost: localhost\r\n{length}\r\n\r\n".encode())
        one.settimeout(5)
        try:
            while taken < SENT:
                taken += one.send(piece)
        except OSError:
            pass
        one.settimeout(30)
        try:
            answer = one.recv(65_536)
        except ConnectionError:
            answer = b""
    return (int(answer[9:12]) if answer else 0), taken


ROUTES = {
    "json": ("POST /api/v1/jobs HTTP/1.1\r\nContent-Type: application/json", True),
    "file": ("POST /api/v1/files HTTP/1.1\r\nContent-Type: text/csv", True),
    "import": ("POST /imports HTTP/1.1\r\nContent-Type: text/csv", False),
    "none": ("POST /api/v1/tickets HTTP/1.1", True),
    "form": ("POST /token HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded", False),
}


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize(("head", "needs_user"), ROUTES.values(), ids=ROUTES.keys())
def test_sixty_four_megabytes_are_not_taken(
    server: Server, head: str, needs_user: bool, chunked: bool
) -> None:
    """Strangers hear 401 before their body is looked at; memory stays what it was."""
    before = server.memory()
    tries = [head]
    if needs_user:
        tries.append(f"{head}\r\nAuthorization: {server.sign_in()['Authorization']}")
    for number, one in enumerate(tries):
        status, taken = send(server, one, chunked=chunked)
        is_stranger = needs_user and number == 0
        # Nothing, where the connection was reset before its answer was read.
        assert status in (0, 401 if is_stranger else 413)
        assert taken < 24 * MIB  # the limit, and what the two systems' buffers hold
    assert server.memory() - before < 48 * MIB
    assert server.answers()
    assert server.complaints() == []


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_what_is_sent_with_a_question_is_not_taken(server: Server, chunked: bool) -> None:
    """A GET is answered, and then nobody reads on."""
    head = f"GET /api/v1/jobs HTTP/1.1\r\nAuthorization: {server.sign_in()['Authorization']}"
    status, taken = send(server, head, chunked=chunked)
    assert status in (0, 200)
    assert taken < 24 * MIB
    assert server.complaints() == []


def test_a_field_without_a_name_is_refused_at_its_header(server: Server) -> None:
    """Of a gigabyte that it promises, nothing is read; nor of ten thousand parts, or huge headers."""
    kind = "Content-Type: multipart/form-data; boundary=x"
    starts = [
        b'--x\r\nContent-Disposition: form-data; name="other"\r\n\r\n',
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n' * 10_000,
        b"--x\r\nX: " + b"y" * 100_000,
        b"--x\r\n" + b"X: y\r\n" * 10_000,
    ]
    for start in starts:
        with server.connect() as one:
            one.sendall(
                f"POST /imports HTTP/1.1\r\nHost: a\r\n{kind}\r\nContent-Length: 8000000\r\n\r\n".encode()
            )
            one.sendall(start)
            assert one.recv(65_536)[9:12] in (b"400", b"422")
    assert server.complaints() == []


def test_a_bomb_is_no_file(server: Server) -> None:
    """A hundred megabytes packed into a tenth of one: the import fails with a sentence."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as file:
        file.write(b"text,label\n")
        for _ in range(100):
            file.write((b"a" * 1_020 + b",b\n") * 1_024)
    kind = {"Content-Type": "application/gzip"}
    made = httpx2.post(f"{server.url}/imports", content=packed.getvalue(), headers=kind, timeout=60)
    assert made.status_code == 202
    assert server.answers()
    url = f"{server.url}/imports/{made.json()['task_id']}"

    def ended() -> bool:
        answer = httpx2.get(url, headers={"Prefer": "wait=10"}, timeout=60).json()
        return answer["status"] == "failed" and "times its size" in answer["error"]

    eventually(ended)
    assert server.complaints() == []
