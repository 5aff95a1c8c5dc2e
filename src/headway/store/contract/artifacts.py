"""What the store promises about data sets, models and files."""

from typing import Protocol

from headway.store.values.artifacts import StoredArtifact
from headway.store.values.lineage import Lineage
from headway.verdict import Publication


class Artifacts(Protocol):
    """Data sets, models and uploaded files: the rows; the bytes are elsewhere.

    A deleted one is found by nobody any more, but its version is never given again.
    """

    def add(
        self, owner: str, publication: Publication, job_id: str | None = None
    ) -> StoredArtifact:
        """Make a file known, as the next version of its name. One of this id stays as it is."""

    def get(self, artifact_id: str) -> StoredArtifact | None:
        """The artefact of this id."""

    def resolve(self, owner: str, kind: str, reference: str) -> StoredArtifact | None:
        """What a user means by `id`, `name`, `name@version` or `name@alias`.

        A bare reference that is no name but one of the user's aliases means what the alias points
        to; of several, the one that was moved last. What others share is named by its id, or as
        `owner:name`, `owner:name@version` or `owner:name@alias`.
        """

    def find(
        self,
        reader: str,
        kind: str,
        *,
        owner: str | None = None,
        name: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[StoredArtifact]:
        """Artefacts that the reader may see, newest first: his own, and what others share.

        Only those of an owner or a name if that is given, and of a `seq` below `before`.
        """

    def bytes_of(self, owner: str) -> int:
        """How large the owner's artefacts are together."""

    def share(self, artifact_id: str, *, shared: bool) -> bool:
        """Let everybody see the artefact, or its owner alone; False if there is none."""

    def delete(self, artifact_id: str) -> None:
        """Delete it. Raise `Conflict` while an alias points to it or an unfinished job reads it."""

    def lineage(self, artifact_id: str, *, most: int = 200) -> Lineage:
        """Everything this artefact was made from, and everything it was read for or went into.

        Those next to it come first, and no more than about `most` artefacts.
        """
