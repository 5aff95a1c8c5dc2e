"""The tree of errors is as it is drawn."""

import re

from headway import errors


def test_every_error_hangs_where_it_is_drawn() -> None:
    """And none is missing."""
    drawn: dict[str, str] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").split("\n")[2:]:
        found = re.match(r"([ │├└─]*)(\w+)(?: \((\w+)\))?", line)
        if found is None:
            continue
        depth = len(found[1]) // 4
        above[depth:] = [found[2]]
        drawn[found[2]] = above[depth - 1] if depth else found[3] or "Exception"
    defined = {
        name: one.__bases__[0].__name__
        for name, one in vars(errors).items()
        if isinstance(one, type) and one.__module__ == errors.__name__
    }
    assert drawn == defined
