"""Where the log of a process started from the command line goes."""

from headway.events.log import to_stderr
from headway.settings import Settings


def log_to_stderr(settings: Settings) -> None:
    """To standard error: a line a record, for people on a terminal and as JSON elsewhere."""
    to_stderr(settings.log_level)
