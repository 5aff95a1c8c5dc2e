"""A bucket that every machine sees, for artefacts that no single machine should hold alone.

The only home of obstore. Its blocking calls alone are used: those on an event loop can abort the
process at its end. A bucket that was used must not be taken through a `fork`, so each process
opens its own.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast
from uuid import uuid4

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store, from_url

from headway.artifacts import Stored, hash_file
from headway.errors import ArtifactsUnavailable, CorruptArtifact, SettingsError

PART: Final = 8 * 2**20
"""Bytes of a part; what is larger than one goes up, and comes down, in several, a few at a time."""
_AT_ONCE: Final = 4
_BLOCK: Final = 1 << 20
"""Of a part that comes down: as much of it is held in memory."""
CONNECT: Final = timedelta(seconds=5)
SILENCE: Final = timedelta(seconds=60)
"""After so long without a byte of the answer a request is given up; a part must be up by then."""
REQUEST: Final = timedelta(minutes=5)
"""For a request with all that it brings, which is at most a part."""
_DELETED_AT_ONCE: Final = 1_000
"""The most that S3 takes in one request."""

_NO_BUCKET: Final = "NoSuchBucket"
_MISSING: Final = (
    "expected the bucket that HEADWAY_ARTIFACTS_URL names, got: there is none of that name; the"
    " service works again as soon as it is made"
)

_TYPES: Final = {
    ".jsonl": "application/jsonl",
    ".csv": "text/csv",
    ".parquet": "application/vnd.apache.parquet",
}

if TYPE_CHECKING:
    from obstore import GetOptions

log = logging.getLogger("headway.bucket")


class Bucket:
    """Objects below one prefix. What cannot be reached for `patience` seconds raises
    `ArtifactsUnavailable`, and has changed nothing that others see."""

    def __init__(self, url: str, *, patience: float) -> None:
        self.url = url
        self._store = _opened(url, patience)

    def put(self, name: str, file: Path) -> None:
        """Store a file; it is seen whole, or not at all."""
        kind = _TYPES.get(file.suffix, "application/octet-stream")
        with self._told("store", name):
            obstore.put(
                self._store,
                name,
                file,
                attributes={"Content-Type": kind},
                use_multipart=file.stat().st_size > PART,
                chunk_size=PART,
                max_concurrency=_AT_ONCE,
            )

    def get(self, name: str, target: Path, sha256: str | None = None) -> None:
        """Copy an object to a file, which is there whole or not at all.

        Raise `CorruptArtifact` if it is not there, or does not have the hash.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f"{uuid4().hex}.part")
        try:
            with self._told("fetch", name), partial.open("wb") as file:
                self._fetch(name, file.fileno())
            if sha256 is not None and hash_file(partial) != sha256:
                raise CorruptArtifact(
                    f"expected {name} in the bucket to have the hash {sha256[:12]}..., got another"
                )
            os.replace(partial, target)
        finally:
            partial.unlink(missing_ok=True)

    def _fetch(self, name: str, file: int) -> None:
        """Fill a file with an object: a few parts at a time, each a request of its own, so that
        neither the size of the object nor a cut in the middle of it matters."""
        found = obstore.head(self._store, name)
        size = found["size"]

        def fetch_part(start: int) -> None:
            wish: GetOptions = {
                "range": (start, min(start + PART, size)),
                "if_match": found["e_tag"],  # all of them are of the same object
            }
            for block in obstore.get(self._store, name, options=wish).stream(min_chunk_size=_BLOCK):
                start += os.pwrite(file, block, start)

        with ThreadPoolExecutor(_AT_ONCE, "headway-bucket") as threads:
            for _ in threads.map(fetch_part, range(0, size, PART)):
                pass

    def has(self, name: str) -> bool:
        """Whether there is an object of this name."""
        try:
            with self._told("find", name):
                obstore.head(self._store, name)
        except CorruptArtifact:
            return False
        return True

    def below(self, prefix: str) -> Iterator[Stored]:
        """Every object below a folder, in the order of their names."""
        with self._told("list", prefix):
            for page in obstore.list(self._store, prefix):
                for one in page:
                    yield Stored(one["path"], one["size"], one["last_modified"].timestamp())

    def delete(self, names: Sequence[str]) -> None:
        """Remove objects. Removing what is gone is fine."""
        for start in range(0, len(names), _DELETED_AT_ONCE):
            with self._told("delete", names[start]):
                obstore.delete(self._store, names[start : start + _DELETED_AT_ONCE])

    def delete_below(self, prefix: str) -> None:
        """Remove every object whose name begins so."""
        self.delete([one.name for one in self.below(prefix)])

    def link(self, name: str, seconds: float) -> str:
        """An address at which whoever has it can read the object for so many seconds."""
        return obstore.sign(self._store, "GET", name, timedelta(seconds=seconds))

    @contextmanager
    def _told(self, act: str, name: str) -> Iterator[None]:
        """Turn obstore's errors into ours; their text names the bucket's address, so it is logged
        only."""
        try:
            yield
        except FileNotFoundError:
            if self._is_missing():
                raise ArtifactsUnavailable(_MISSING) from None
            raise CorruptArtifact(
                f"expected {name} in the bucket of artefacts, got: nothing of that name"
            ) from None
        except BaseError as error:
            log.warning("could not %s %s: %s", act, name, str(error).split("\n")[0])
            if _NO_BUCKET in str(error):
                raise ArtifactsUnavailable(_MISSING) from None
            raise ArtifactsUnavailable(
                f"expected the bucket of artefacts to {act} {name}, got:"
                f" {type(error).__name__}; try again later"
            ) from None

    def _is_missing(self) -> bool:
        """Whether there is no such bucket; of a single object S3 says only that it is not there."""
        try:
            next(iter(obstore.list(self._store, chunk_size=1)), None)
        except (BaseError, FileNotFoundError) as error:
            return _NO_BUCKET in str(error)
        return False


def _opened(url: str, patience: float) -> S3Store:
    """The bucket, with the credentials and the endpoint of the usual `AWS_*` variables."""
    plain = os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://")
    try:
        store = from_url(
            url,
            client_options={
                "allow_http": plain,
                "connect_timeout": CONNECT,
                "read_timeout": SILENCE,
                "timeout": REQUEST,
            },
            retry_config={"max_retries": 10, "retry_timeout": timedelta(seconds=patience)},
        )
    except BaseError as error:
        raise SettingsError(
            f"HEADWAY_ARTIFACTS_URL: expected s3://BUCKET/PREFIX and AWS_* variables, got: {error}"
        ) from None
    return cast(S3Store, store)
