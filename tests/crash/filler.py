"""Submits jobs until the small disk at a place is full, makes room, and says what is there then."""

import json
import sys
import time
from pathlib import Path
from uuid import uuid4

from headway.errors import StoreUnavailable
from headway.store.sqlite import FILE_NAME, open_sqlite
from headway.store.sqlite_driver import driver
from headway.store.values.history import JobQuery
from headway.store.values.submission import Submission

BALLAST = 1_000_000


def main(place: Path) -> None:
    """Fill, heal, look, and print what came of it as a line of JSON."""
    store = open_sqlite(place / "data")
    ballast = place / "ballast"
    ballast.write_bytes(bytes(BALLAST))
    acknowledged: list[str] = []
    refused: list[str] = []

    def submit() -> bool:
        one = Submission(
            id=str(uuid4()),
            operation="noop",
            owner="ann",
            input=json.dumps({"text": "x" * 20_000}).encode(),
        )
        try:
            store.jobs.add([one])
        except StoreUnavailable:
            refused.append(one.id)
            return False
        acknowledged.append(one.id)
        return True

    while len(refused) < 5:
        submit()
    ballast.unlink()
    began = time.monotonic()
    while not submit() and time.monotonic() < began + 60:
        time.sleep(0.05)
    healed = time.monotonic() - began
    store.close()
    again = open_sqlite(place / "data")
    there = {job.id for job in again.jobs.find(JobQuery(limit=10_000))}
    again.close()
    database = driver.connect(place / "data" / FILE_NAME)
    integrity = database.execute("PRAGMA integrity_check").fetchone()[0]
    database.close()
    said = {
        "acknowledged": len(acknowledged),
        "refused": len(refused),
        "lost": len(set(acknowledged) - there),
        "written_though_refused": len(set(refused) & there),
        "healed": healed,
        "integrity": integrity,
    }
    print(json.dumps(said))  # noqa: T201 - whoever started us reads it


if __name__ == "__main__":
    main(Path(sys.argv[1]))
