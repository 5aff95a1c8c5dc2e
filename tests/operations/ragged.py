"""A table in which something is wrong now and then."""


def ragged_table(rows: int, bad_every: int) -> bytes:
    """With quotes, newlines in them, blank lines, and a bad row now and then."""
    lines = [
        "only one field"
        if i % bad_every == 7
        else f'"text, {i}\nmore",label {i % 3}' + "\n" * (i % 4 == 0)
        for i in range(rows)
    ]
    return "\n".join(["text,label", *lines, ""]).encode()
