"""An operation that looks at what it could take away."""

import os
import resource
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from headway.context import Context
from headway.operation import operation


class Nothing(BaseModel):
    """No input."""


@operation("spy")
def spy(request: Nothing, context: Context) -> dict[str, Any]:
    status = dict(
        line.split(":\t", 1)
        for line in Path("/proc/self/status").read_text().splitlines()
        if ":\t" in line
    )
    links = [str(file.readlink()) for file in Path("/proc/self/fd").iterdir() if file.is_symlink()]
    return {
        "environment": dict(os.environ),
        "arguments": Path("/proc/self/cmdline").read_text().split("\0"),
        "no_new_privileges": status["NoNewPrivs"],
        "core": resource.getrlimit(resource.RLIMIT_CORE)[1],
        "open": links,
        "group": os.getpgid(0) == os.getpid(),
    }
