"""A bucket that every machine sees, for artefacts that no single machine should hold alone.

The only home of obstore. Its blocking calls alone are used: those on an event loop can abort the
process at its end. A bucket that was used must not be taken through a `fork`, so each process
opens its own.
"""

import hashlib
import logging
import os
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final, cast
from uuid import uuid4

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store, from_url

from headway.artifacts import Stored
from headway.errors import ArtifactsUnavailable, CorruptArtifact, SettingsError

PART: Final = 8 * 2**20
"""Bytes of a part; what is larger than one goes up in several, a few at a time."""
_AT_ONCE: Final = 4
_DELETED_AT_ONCE: Final = 1_000
"""The most that S3 takes in one request."""

_TYPES: Final = {
    ".jsonl": "application/jsonl",
    ".csv": "text/csv",
    ".parquet": "application/vnd.apache.parquet",
}

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
        with _Told("store", name):
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
        digest = hashlib.sha256()
        try:
            with _Told("fetch", name), partial.open("wb") as file:
                for chunk in obstore.get(self._store, name).stream(min_chunk_size=PART):
                    digest.update(chunk)
                    file.write(chunk)
            if sha256 is not None and digest.hexdigest() != sha256:
                raise CorruptArtifact(
                    f"expected {name} in the bucket to have the hash {sha256[:12]}..., got another"
                )
            os.replace(partial, target)
        finally:
            partial.unlink(missing_ok=True)

    def has(self, name: str) -> bool:
        """Whether there is an object of this name."""
        try:
            with _Told("find", name):
                obstore.head(self._store, name)
        except CorruptArtifact:
            return False
        return True

    def below(self, prefix: str) -> Iterator[Stored]:
        """Every object below a folder, in the order of their names."""
        with _Told("list", prefix):
            for page in obstore.list(self._store, prefix):
                for one in page:
                    yield Stored(one["path"], one["size"], one["last_modified"].timestamp())

    def delete(self, names: Sequence[str]) -> None:
        """Remove objects. Removing what is gone is fine."""
        for start in range(0, len(names), _DELETED_AT_ONCE):
            with _Told("delete", names[start]):
                obstore.delete(self._store, names[start : start + _DELETED_AT_ONCE])

    def delete_below(self, prefix: str) -> None:
        """Remove every object whose name begins so."""
        self.delete([one.name for one in self.below(prefix)])

    def link(self, name: str, seconds: float) -> str:
        """An address at which whoever has it can read the object for so many seconds."""
        return obstore.sign(self._store, "GET", name, timedelta(seconds=seconds))


class _Told:
    """Turns obstore's errors into ours; their text names the bucket's address, so it is logged only."""

    def __init__(self, act: str, name: str) -> None:
        self._act = act
        self._name = name

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, FileNotFoundError):
            raise CorruptArtifact(
                f"expected {self._name} in the bucket of artefacts, got: nothing of that name"
            ) from None
        if isinstance(error, BaseError):
            log.warning("could not %s %s: %s", self._act, self._name, str(error).split("\n")[0])
            raise ArtifactsUnavailable(
                f"expected the bucket of artefacts to {self._act} {self._name}, got:"
                f" {type(error).__name__}; try again later"
            ) from None


def _opened(url: str, patience: float) -> S3Store:
    """The bucket, with the credentials and the endpoint of the usual `AWS_*` variables."""
    plain = os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://")
    try:
        store = from_url(
            url,
            client_options={"allow_http": plain, "timeout": "60s", "connect_timeout": "5s"},
            retry_config={"max_retries": 10, "retry_timeout": timedelta(seconds=patience)},
        )
    except BaseError as error:
        raise SettingsError(
            f"HEADWAY_ARTIFACTS_URL: expected s3://BUCKET/PREFIX and AWS_* variables, got: {error}"
        ) from None
    return cast(S3Store, store)
