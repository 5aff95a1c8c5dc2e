"""A stream that is opened anew when it is cut, for as long as an outage is borne."""

from collections.abc import Callable
from typing import Final

import httpx2

from headway.client.calls import HangUp
from headway.client.errors import ClientError
from headway.client.pace import OUTAGE, Patience
from headway.client.retry.trial import Wait
from headway.client.session import FOREIGN, Session, client_error
from headway.client.turn import Flow

SILENCE: Final = 40.0
"""Seconds without a word after which a line is dead: the service gives a sign every 15."""


class Listening:
    """How patient one viewer is with his line."""

    def __init__(self, session: Session) -> None:
        self.patience = Patience(session)
        self._uniform = session.retrier.uniform
        self._pause = OUTAGE.first()
        self._asked = 0.0

    def heard(self, sign: httpx2.ServerSentEvent) -> None:
        """The service lives, and may have said when to come back."""
        self.patience.restored()
        if sign.retry is not None:
            self._asked = min(sign.retry / 1000, OUTAGE.longest)

    def moved(self) -> None:
        """Something new came: a cut from now on is the first."""
        self._pause = OUTAGE.first()

    def again(self, listen: Callable[[], Flow[bool]]) -> Flow[None]:
        """Listen until that says that all was heard. Raise the error of an outage that lasts."""
        while True:
            yield HangUp()
            try:
                is_over = yield from listen()
            except FOREIGN as error:
                wait = self.patience.outlast(client_error(error))
            except ClientError as error:
                wait = self.patience.outlast(error)
            else:
                if is_over:
                    return
                wait = self._rest()
            asked, self._asked = self._asked, 0.0
            yield Wait(max(wait.seconds, asked))

    def _rest(self) -> Wait:
        """The wait after an end without an error. A service that stops ends all of its streams at
        once, and they must not come back so."""
        wait, self._pause = self._pause, OUTAGE.next(self._pause)
        return Wait(self._uniform(wait / 2, wait))


def is_stream(response: httpx2.Response) -> bool:
    """True for an answer that is a stream of events."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return response.is_success and kind == "text/event-stream"
