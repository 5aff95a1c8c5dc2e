"""Opening a model of the user's own kind: the file that was registered, by the class that loads it."""

from headway.artifacts import check_file
from headway.context import Artifact, Context
from headway.errors import NotRetryable
from headway.own_model import Asked, OwnModel


def kind_of(artifact: Artifact, ctx: Context) -> OwnModel:
    """The kind of model an artefact is, as this process knows it."""
    own = ctx.models.get(artifact.meta["format"])
    if own is None:
        raise NotRetryable(
            f"expected a kind of model that is registered, got {artifact.meta['format']!r}; name the"
            " module that has it in HEADWAY_OPERATIONS"
        )
    return own


def load_own(artifact: Artifact, own: OwnModel) -> Asked:
    """The model in the file, checked against its hash."""
    check_file(artifact.path, artifact.sha256)
    return own.load(artifact.path)
