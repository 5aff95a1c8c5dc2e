"""Files on their way in: hashed and counted while they stream to the disk, never held in memory."""

import re
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final
from uuid import uuid4

from anyio import to_thread
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from headway.artifacts import ArtifactFiles
from headway.errors import InvalidInput
from headway.files import Draft
from headway.http.limits import check_encoding, counted
from headway.http.parts import Parts
from headway.http.problems import Refused

FIELD: Final = "file"
RAW_TYPES: Final = frozenset(
    {
        "text/csv",
        "application/csv",
        "text/tab-separated-values",
        "application/x-ndjson",
        "application/jsonl",
        "application/vnd.apache.parquet",
        "application/gzip",
        "application/zstd",
    }
)

_NO_MORE: Final[Mapping[str, str]] = MappingProxyType({})
_LARGEST_PART_HEADERS: Final = 8_192
_UNFIT: Final = re.compile(r"[\x00-\x1f\x7f\u0080-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def upload_body(*raw: str, required: bool = True) -> dict[str, Any]:
    """What OpenAPI says of a route that takes a file: as the form field, or raw in these types."""
    form = {
        "type": "object",
        "required": [FIELD],
        "properties": {FIELD: {"type": "string", "format": "binary"}},
    }
    content = {kind: {"schema": _raw_schema(kind)} for kind in raw}
    return {
        "requestBody": {
            "required": required,
            "content": {"multipart/form-data": {"schema": form}, **content},
        }
    }


def _raw_schema(kind: str) -> dict[str, str]:
    is_text = kind.startswith("text/") or kind == "application/x-ndjson"
    return {"type": "string"} if is_text else {"type": "string", "format": "binary"}


class Upload:
    """A file that has arrived whole: its bytes are synced, under a name made of their hash."""

    def __init__(self, name: str, path: str, sha256: str, size: int) -> None:
        self.name = name
        self.path = path
        self.sha256 = sha256
        self.size = size
        self.charset: str | None = None
        """What the client calls its text's encoding, where that says more than can be seen."""


async def receive(
    request: Request, parts: Parts, owner: str, *, also: Mapping[str, str] = _NO_MORE
) -> Upload | None:
    """The file in the request's body; None when there is no body at all. `also` are more types
    that a raw body may have, and what it is called then.

    Raise `UserLimit` before it is read, if the owner has no room for it.
    """
    declared = request.headers.get("content-length", "0")[:20]
    size = int(declared) if declared.isascii() and declared.isdigit() else 0
    await to_thread.run_sync(parts.catalog.check_room, owner, size)
    limit = parts.settings.max_body_mb * 2**20
    return await _received(request, parts.service.files, limit, also)


async def _received(
    request: Request, files: ArtifactFiles, limit: int, also: Mapping[str, str]
) -> Upload | None:
    kind, parameters = parse_options_header(request.headers.get("content-type", ""))
    check_encoding(request)
    if kind == b"multipart/form-data":
        form = _FilePart(parameters.get(b"boundary", b""))
        upload = await _save(_contents(request, form, limit), files, form)
    elif (raw := kind.decode("latin-1")) in RAW_TYPES or raw in also:
        upload = await _save(counted(request, limit), files, None)
        upload.name = also.get(raw, upload.name)
        upload.charset = _told_charset(parameters)
    else:
        await _expect_nothing(request, kind)
        return None
    if upload.size == 0:
        raise InvalidInput("expected a file with something in it, got an empty file")
    return upload


def _told_charset(parameters: Mapping[bytes, bytes]) -> str | None:
    """The charset of a raw body. UTF-8 is seen for certain, and is often said of what is not."""
    told = parameters.get(b"charset", b"").decode("latin-1").lower()
    return None if told in ("", "utf-8", "utf8", "us-ascii") else told


async def _expect_nothing(request: Request, kind: bytes) -> None:
    async for chunk in request.stream():
        if chunk:
            raise Refused(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "expected no body, multipart/form-data with the field `file`, or text/csv, got:"
                f" {kind[:80].decode('latin-1')!r}",
            )


async def _contents(request: Request, form: "_FilePart", limit: int) -> AsyncIterator[bytes]:
    """The bytes of the one file in a multipart body."""
    async for chunk in counted(request, limit):
        yield form.feed(chunk)
    form.finish()


async def _save(
    chunks: AsyncIterator[bytes], files: ArtifactFiles, form: "_FilePart | None"
) -> Upload:
    draft = _draft(files)
    try:
        async for chunk in chunks:
            if draft.add(chunk):
                await to_thread.run_sync(draft.write)
        await to_thread.run_sync(draft.finish)
        path = await to_thread.run_sync(files.keep, draft.path, "file", draft.sha256)
    finally:
        draft.discard()
    name = form.filename if form is not None else "upload.csv"
    return Upload(name, path, draft.sha256, draft.size)


def _draft(files: ArtifactFiles) -> Draft:
    folder = files.root / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    return Draft(folder / f"{uuid4().hex}.csv")


class _FilePart:
    """Reads the field `file` of a multipart body as it passes, and refuses all other fields."""

    def __init__(self, boundary: bytes) -> None:
        if not 1 <= len(boundary) <= 70:  # RFC 2046
            raise _malformed("no boundary")
        self.filename = "upload.csv"
        self._headers: dict[str, str] = {}
        self._header = (bytearray(), bytearray())
        self._header_bytes = 0
        self._content: list[bytes] = []
        self._parts = 0
        self._ended = False
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._on_part_begin,
                "on_header_field": lambda data, start, end: self._on_header(0, data[start:end]),
                "on_header_value": lambda data, start, end: self._on_header(1, data[start:end]),
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": lambda data, start, end: self._content.append(data[start:end]),
                "on_end": self._on_end,
            },
        )

    def feed(self, chunk: bytes) -> bytes:
        """What this piece of the body holds of the file."""
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise _malformed(str(error)) from None
        content, self._content = b"".join(self._content), []
        return content

    def finish(self) -> None:
        """Check that the body came to its end and had the file."""
        if not self._ended:
            raise _malformed("it ends in the middle")
        if self._parts == 0:
            raise InvalidInput(f"expected the form field `{FIELD}`, got none", pointer=f"/{FIELD}")

    def _on_part_begin(self) -> None:
        self._parts += 1
        self._headers = {}
        self._header_bytes = 0

    def _on_header(self, which: int, piece: bytes) -> None:
        self._header_bytes += len(piece)
        if self._header_bytes > _LARGEST_PART_HEADERS:
            raise _malformed("a part has too many headers")
        self._header[which].extend(piece)

    def _on_header_end(self) -> None:
        name, value = (bytes(piece).decode("latin-1") for piece in self._header)
        self._headers[name.lower()] = value
        self._header = (bytearray(), bytearray())

    def _on_headers_finished(self) -> None:
        options = _disposition(self._headers)
        name = options.get("name", "")
        if name != FIELD:
            raise InvalidInput(
                f"expected no form field but `{FIELD}`, got: {name[:80]!r}; options go into the"
                " query",
                pointer=f"/{name[:80]}",
            )
        if self._parts > 1:
            raise InvalidInput(f"expected one `{FIELD}`, got several", pointer=f"/{FIELD}")
        self.filename = _shown_name(options.get("filename", ""))

    def _on_end(self) -> None:
        self._ended = True


def _disposition(headers: Mapping[str, str]) -> dict[str, str]:
    _, options = parse_options_header(headers.get("content-disposition", ""))
    return {key.decode(): value.decode("utf-8", "replace") for key, value in options.items()}


def _shown_name(given: str) -> str:
    """A name to show and never to open: the last part of a path, without control characters."""
    name = _UNFIT.sub("", given.replace("\\", "/").rpartition("/")[2]).strip()
    return name[:200] or "upload.csv"


def _malformed(reason: str) -> Refused:
    return Refused(
        HTTPStatus.BAD_REQUEST,
        "malformed_multipart",
        f"expected a multipart/form-data body, got one that cannot be read: {reason[:200]}",
    )
