"""What an attempt goes on from."""

from collections.abc import Mapping
from typing import Final

from headway.artifacts import ArtifactFiles, read_checked
from headway.errors import CorruptArtifact
from headway.job import Json
from headway.worker.line import Line
from headway.worker.protocol import LOG, RESUMED
from headway.worker.start import Start

_SHOWN: Final = (str, int, float, bool)
"""What of a checkpoint's state is shown as `resumed_from`: the cursor, not the bulk."""


class SavedCheckpoint:
    """See `operation.Checkpoint`."""

    def __init__(
        self, number: int, state: Mapping[str, Json], blob: bytes | None, items: int
    ) -> None:
        self.number = number
        self.state = state
        self.items = items
        self._blob = blob

    def blob(self) -> bytes | None:
        """The bytes saved with the state."""
        return self._blob


def newest_readable(
    start: Start, files: ArtifactFiles, line: Line, ref: str
) -> SavedCheckpoint | None:
    """The newest checkpoint whose bytes are whole; a torn one is passed over, and said so.

    What was published after it is taken back with the first report, and numbers go on from it.
    """
    for one in start.checkpoints:
        try:
            blob = None
            if one["path"] is not None:
                blob = read_checked(files.local(one["path"]), one["sha256"])
        except CorruptArtifact as error:
            line.later(LOG, ref, "warning", f"checkpoint {one['number']}: {error}")
            continue
        found = SavedCheckpoint(one["number"], one["state"], blob, one["items"])
        shown = {k: v for k, v in found.state.items() if isinstance(v, _SHOWN)}
        line.later(RESUMED, ref, {"checkpoint": found.number, **shown}, found.number, found.items)
        return found
    if start.checkpoints:
        line.later(RESUMED, ref, {"checkpoint": 0}, 0, 0)
    return None
