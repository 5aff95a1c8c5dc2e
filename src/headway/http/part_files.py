"""Item results as they lie on disk: in part files of the job's attempts, in order."""

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from headway.artifacts import ArtifactFiles, read_checked
from headway.errors import CorruptArtifact
from headway.store.values.attempts import Part

Row = dict[str, Any]


def rows_of(
    files: ArtifactFiles, parts: Sequence[Part], cursor: int = 0, status: str | None = None
) -> Iterator[Row]:
    """The items of these parts from index `cursor` on, each with its index.

    `status` keeps those that `failed` or `succeeded`.
    """
    for part in parts:
        if (status == "failed" and not part.failed) or (
            status == "succeeded" and part.failed == part.count
        ):
            continue
        for index, line in enumerate(lines_of(files, part), part.first):
            if index < cursor:
                continue
            row = {"index": index} | orjson.loads(line) | {"index": index}
            if status is None or (row.get("error") is not None) == (status == "failed"):
                yield row


def lines_of(files: ArtifactFiles, part: Part) -> list[bytes]:
    """The lines of a part. Raise `CorruptArtifact` if they are not those that were published."""
    data = read_checked(files.local(part.path, part.sha256), part.sha256)
    lines = data.split(b"\n")[:-1]
    if (len(lines), len(data)) != (part.count, part.size):
        raise CorruptArtifact(
            f"expected {part.count} results of {part.size} bytes in {part.path}, got {len(lines)}"
            f" of {len(data)}"
        )
    return lines
