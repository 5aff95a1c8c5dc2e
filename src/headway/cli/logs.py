"""Where the log of a process started from the command line goes."""

import logging


def log_to_stderr() -> None:
    """One line a record, with its time, on standard error."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of every plugin it loads
