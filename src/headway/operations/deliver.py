"""Tell one target of the end of a job. A job of its own: it is tried again, and survives a crash."""

import asyncio
import importlib
from typing import Any, Final

from headway.context import AsyncContext
from headway.job import Json
from headway.operations.requests.deliver import DeliverNotice

_SENDING: Final = "headway.delivery.sending"
"""By name, and loaded by the process that sends: no other needs what speaks HTTP and SMTP."""


async def deliver_notice(request: DeliverNotice, ctx: AsyncContext) -> Json:
    """Send it; whoever gets it twice knows by its id, which all attempts share."""
    sending: Any = await asyncio.to_thread(importlib.import_module, _SENDING)
    said: Json = await sending.deliver(request.model_dump(), ctx.job_id, ctx.settings)
    return said
