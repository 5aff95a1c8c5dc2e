"""The context of an operation that has a process of its own."""

from collections.abc import Mapping

from headway.errors import Interrupted
from headway.job import Json
from headway.own_model import OwnModel
from headway.worker.channel import Channel
from headway.worker.context import NO_MODELS, BaseContext
from headway.worker.start import Start


class SyncContext(BaseContext):
    """The context of a `def` operation, alone in its process."""

    def __init__(
        self,
        start: Start,
        ref: str,
        channel: Channel,
        models: Mapping[str, OwnModel] = NO_MODELS,
    ) -> None:
        self._channel = channel
        super().__init__(start, ref, channel, models)

    @property
    def cancelled(self) -> bool:
        """See `Context.cancelled`."""
        self._channel.take_in()
        return self._channel.cancelled

    def checkpoint(self, state: Mapping[str, Json], blob: bytes | None = None) -> None:
        """See `Context.checkpoint`."""
        self._check()
        self._save(state, blob, self._items.take())
        self._channel.wait_saved()
        self._checkpoints.remove_outdated()
        if self._channel.stopping:
            raise Interrupted

    def _check(self) -> None:
        self._channel.listen()
