"""`headway` that keeps nothing and tidies all the time."""

import sys
from collections.abc import Mapping

from headway import cli
from headway.artifacts import ArtifactFiles
from headway.job import Status
from headway.store.contract import Store
from headway.worker import loop, upkeep


class KeepsNothing(upkeep.Upkeep):
    """Every job that has ended has ended long ago."""

    def __init__(
        self,
        store: Store,
        files: ArtifactFiles,
        *,
        keep: float,
        keep_by_status: Mapping[Status, float],
        copies: int,
    ) -> None:
        super().__init__(store, files, keep=0.0)


if __name__ == "__main__":
    vars(upkeep).update(
        ROUND_SECONDS=0.05, PRUNE_SECONDS=0.05, TIDY_SECONDS=0.05, SETTLE_SECONDS=0.0
    )
    vars(loop).update(Upkeep=KeepsNothing)
    sys.exit(cli.main())
