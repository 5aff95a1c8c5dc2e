"""Answers that take hours, detached from what stands between them and the border."""

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

_LATER: Final = "headway.later"
_OUTSIDE: Final = "headway.send"


def lead_outside(scope: Scope, send: Send) -> None:
    """Let `outside` give this way of sending to whoever answers the request."""
    scope[_OUTSIDE] = send


def outside(scope: Scope, send: Send) -> Send:
    """What a started answer's pieces are sent with: straight to whoever called us. What stands
    between only waits for the start, and is five calls for each piece to each of a thousand."""
    found: Send = scope.get(_OUTSIDE, send)
    return found


def goes_on_later(scope: Scope, answer: ASGIApp) -> bool:
    """Whether `answer` is called when all that stands between us and the border has returned: a
    stream of hours keeps some twenty frames, stacks and requests alive there, and needs none of
    them. False where somebody in between must see the answer: then it is for us to call it."""
    later: list[ASGIApp] | None = scope.get(_LATER)
    if later is None:
        return False
    later.append(answer)
    return True


async def begun(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> list[ASGIApp]:
    """Answer; give back what is to go on with it, the scope being as it came but for its route."""
    later: list[ASGIApp] = []
    came_with = {*scope, "route"}
    scope[_LATER] = later
    await app(scope, receive, send)
    if later:
        for name in scope.keys() - came_with:
            del scope[name]
    return later


def attached(scope: Scope, send: Send) -> Scope:
    """The scope for an answer that is seen by `send` as a whole, and ends before we return."""
    return {**scope, _OUTSIDE: send, _LATER: None}
