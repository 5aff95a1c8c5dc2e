"""Processes that commit as fast as they can, and how long each commit took them."""

import json
from pathlib import Path

from headway.store.sqlite import open_sqlite
from tests.contract.acts import start_python

_COMMITTER = """
import json, sys, time
from pathlib import Path
from headway.store.sqlite import open_sqlite

store = open_sqlite(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
ends, took = time.monotonic() + float(sys.argv[2]), []
while time.monotonic() < ends:
    began = time.perf_counter()
    store.users.count_requests({"ann": 1})
    took.append(time.perf_counter() - began)
print(json.dumps(sorted(took)), flush=True)
store.close()
"""


def commits_of(directory: Path, processes: int, seconds: float) -> list[list[float]]:
    """How long the commits of each process took, shortest first."""
    open_sqlite(directory).close()
    children = [start_python(_COMMITTER, str(directory), str(seconds)) for _ in range(processes)]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    return [json.loads(child.communicate()[0]) for child in children]
