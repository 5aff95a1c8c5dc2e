"""Processes as the kernel lists them."""

from pathlib import Path


def is_alive(pid: int) -> bool:
    """Whether it runs; one that was killed and not yet waited for does not."""
    return _stat(pid)[0] not in ("", "Z", "X")


def is_gone(here: Path) -> bool:
    """Whether the process that tells its number there is no more. One whose time was over before it
    got to run has told nothing."""
    return not here.exists() or not is_alive(int(here.read_text()))


def is_stopped(pid: int) -> bool:
    """Whether a signal has stopped it."""
    return _stat(pid)[0] == "T"


def children_of(pid: int) -> list[int]:
    """Its children that are alive."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        state, parent, _ = _stat(int(folder.name))
        if parent == pid and state not in ("", "Z", "X"):
            found.append(int(folder.name))
    return sorted(found)


def below(pid: int) -> list[int]:
    """Its children, their children, and so on."""
    found = children_of(pid)
    return found + [one for child in found for one in below(child)]


def group_of(pgid: int) -> list[int]:
    """Everybody in a process group who is alive."""
    return [
        int(folder.name)
        for folder in Path("/proc").glob("[0-9]*")
        if (stat := _stat(int(folder.name)))[2] == pgid and stat[0] not in ("", "Z", "X")
    ]


def _stat(pid: int) -> tuple[str, int, int]:
    """State, parent and group."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "", 0, 0
    state, parent, group = text.rpartition(")")[2].split()[:3]
    return state, int(parent), int(group)
