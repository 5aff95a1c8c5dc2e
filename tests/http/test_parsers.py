"""What reads strangers' headers and bodies gives a value or refuses, whatever it is given."""

import time
from contextlib import suppress

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.requests import Request

from headway.errors import InvalidInput
from headway.http.cursors import Cursors
from headway.http.headers import LONGEST_WAIT, idempotency_key, is_from_here, known, preferences
from headway.http.problems import Refused
from headway.http.ranges import Ranged
from headway.http.strict_json import parse
from headway.http.uploads import _FilePart
from headway.http.viewing import event_id

WORDS = st.sampled_from(
    [
        "wait",
        "=",
        "respond-async",
        '"',
        ",",
        ";",
        "\\",
        "9",
        " ",
        "bytes",
        "-",
        "W/",
        "*",
        "://",
        "\xe9",
    ]
)
HEADER = st.one_of(
    st.lists(WORDS, max_size=30).map("".join),
    st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=200),
)
CURSORS = Cursors(b"secret")

patiently = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""How long an example takes tells of what the machine does beside."""


def request(**headers: str) -> Request:
    raw = [
        (name.replace("_", "-").encode(), text.encode("latin-1")) for name, text in headers.items()
    ]
    return Request({"type": "http", "headers": raw})


@patiently
@given(HEADER)
def test_preferences(text: str) -> None:
    found = preferences(request(prefer=text))
    assert found.wait is None or 0 <= found.wait <= LONGEST_WAIT


@patiently
@given(HEADER)
def test_idempotency_keys(text: str) -> None:
    try:
        found = idempotency_key(request(idempotency_key=text))
    except Refused:
        return
    assert found == text


@patiently
@given(HEADER, HEADER)
def test_conditions_and_origins(text: str, host: str) -> None:
    asked = request(if_none_match=text, origin=text, host=host)
    assert isinstance(known(asked).has(7), bool)
    if is_from_here(asked.headers):
        assert text in (f"http://{host}", f"https://{host}")


@patiently
@given(st.one_of(st.none(), HEADER, st.integers().map(str)))
def test_event_ids(text: str | None) -> None:
    found = event_id(text)
    assert found is None or 0 <= found < 10**15


@patiently
@given(st.integers(0, 2**63), st.binary(max_size=40))
def test_cursors(number: int, noise: bytes) -> None:
    sealed = CURSORS.seal(number)
    assert CURSORS.open(sealed) == number
    assert CURSORS.read(noise.decode("latin-1")) is None
    with pytest.raises(InvalidInput):
        CURSORS.open(sealed + "A")


@patiently
@given(st.one_of(HEADER, HEADER.map("bytes={}".format)), st.integers(0, 10**6))
def test_ranges(text: str, size: int) -> None:
    try:
        found = Ranged._parse_range_header(text, size)  # noqa: SLF001 - the whole class is this
    except Refused:
        return
    assert all(0 <= start < end <= size for start, end in found)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@patiently
@given(JSON)
def test_json_that_is_strict_is_read_as_it_is(value: object) -> None:
    body = orjson.dumps(value)
    assert parse(body) == orjson.loads(body)


@patiently
@given(
    st.one_of(
        st.binary(max_size=80), st.text('{}[]":,\\u0d8nulltrefas1e- ', max_size=60).map(str.encode)
    )
)
def test_json_that_is_not_is_a_sentence(body: bytes) -> None:
    with suppress(ValueError):
        parse(body)


PIECES = st.lists(
    st.sampled_from(
        [
            b"--x",
            b"--x--",
            b"\r\n",
            b"\n",
            b"Content-Disposition: form-data; ",
            b'name="file"',
            b'; filename="a.csv"',
            b'name="other"',
            b"\r\n\r\n",
            b"a,b",
            b"\0",
            b"\xff",
            b":",
            b"-" * 70,
        ]
    ),
    max_size=25,
)


@patiently
@given(PIECES, st.integers(1, 40))
def test_multipart_bodies(pieces: list[bytes], step: int) -> None:
    """However they are cut: read to their end, or refused with a sentence."""
    body = b"".join(pieces)
    form = _FilePart(b"x")
    content = b""
    try:
        for at in range(0, len(body), step):
            content += form.feed(body[at : at + step])
        form.finish()
    except (Refused, InvalidInput):
        return
    assert len(content) < len(body)


@patiently
@given(st.binary(max_size=100))
def test_headers_of_any_bytes_are_only_text(value: bytes) -> None:
    raw = [(b"origin", value)]
    assert not is_from_here(Headers(raw=raw))


@pytest.mark.parametrize(
    "value", ['"' * 900, '"\\' * 30_000, "a=" * 450, "wait=" + "1" * 900, ", " * 450]
)
def test_matching_is_never_slow(value: str) -> None:
    """Of the kinds that patterns choke on."""
    started = time.thread_time()
    preferences(request(prefer=value))
    known(request(if_none_match=value)).has(1)
    with suppress(Refused):
        idempotency_key(request(idempotency_key=value))
    assert time.thread_time() - started < 1
