"""A signal that stops the server reaches the streams first, and the process still ends by it."""

import signal
import subprocess
import sys
from pathlib import Path

LIFESPAN_ALONE = """
import asyncio, os, signal, sys
from pathlib import Path
from headway.http.app import create_app
from headway.settings import Settings

async def main():
    app = create_app(Settings(data_dir=Path(sys.argv[1]), embedded_worker=False))
    async with app.router.lifespan_context(app):
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def test_a_process_that_handles_no_signal_is_ended_by_it(data_dir: Path) -> None:
    """Whoever runs the lifespan by himself has left the signal to what it does by default."""
    ended = subprocess.run(
        [sys.executable, "-c", LIFESPAN_ALONE, str(data_dir)], timeout=50, check=False
    )
    assert ended.returncode == -signal.SIGTERM
