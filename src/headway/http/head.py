"""HEAD: what GET would be answered with, without the body (RFC 9110, 9.3.2)."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headway.http.detached import attached

_GONE: Message = {"type": "http.disconnect"}


class Head:
    """Lets routes know GET alone. A stream has nobody who waits for it, and ends where it begins."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, a HEAD as a GET."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def nobody() -> Message:
            return _GONE

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        await self._app({**attached(scope, send_head), "method": "GET"}, nobody, send_head)
