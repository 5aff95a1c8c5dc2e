"""Numbers of things, in words."""


def counted(number: int, one: str, many: str | None = None) -> str:
    """The number with its noun: `counted(2, "job")` is `2 jobs`. A plural without an s is given."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
