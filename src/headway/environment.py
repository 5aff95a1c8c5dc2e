"""The variables of the environment that the settings are read from."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from headway.errors import SettingsError

PREFIX: Final = "HEADWAY_"

FOR_CLIENTS: Final = {
    "HEADWAY_URL": "The service that client commands speak to",
    "HEADWAY_TOKEN": "A bearer token for them",
    "HEADWAY_USER": "Who signs in, where no token is given",
    "HEADWAY_PASSWORD": "The password of that user",
}
"""Variables with our prefix that the client commands read; the service does not."""

READ_ELSEWHERE: Final = frozenset(
    {"HEADWAY_TEST_DATA", "HEADWAY_TEST_POSTGRES", "HEADWAY_REQUIRE_SERVICES", *FOR_CLIENTS}
)
"""All variables with our prefix that are no settings; three belong to the test suite."""

_LISTS: Final = frozenset({"operations", "queues", "trusted_proxies"})
_PAIRS: Final = frozenset({"routes", "resources"})


def given_in(environ: Mapping[str, str]) -> dict[str, Any]:
    """What our variables say, by the names of settings; lists and pairs are taken apart.

    Raise `SettingsError` for what is no pair.
    """
    values: dict[str, Any] = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environ.items()
        if name.startswith(PREFIX) and name not in READ_ELSEWHERE
    }
    for name in _LISTS & values.keys():
        values[name] = tuple(_parts(values[name]))
    for name in _PAIRS & values.keys():
        values[name] = _pairs(name, values[name])
    return values


def _parts(text: str) -> list[str]:
    return [one for part in text.split(",") if (one := part.strip())]


def _pairs(name: str, text: str) -> dict[str, str]:
    """`a=1, b=2` as a mapping."""
    parts = [part.partition("=") for part in _parts(text)]
    for left, equals, right in parts:
        if not (left.strip() and equals and right.strip()):
            raise SettingsError(
                f"{PREFIX}{name.upper()}: expected NAME=VALUE, separated by commas, got:"
                f" {left + equals + right!r}"
            )
    return {left.strip(): right.strip() for left, _, right in parts}


def sentence_of(error: Any, settings: Iterable[str]) -> str:
    """A mistake that was found in the settings, by the name of its variable."""
    if not error["loc"]:
        return str(error["msg"]).removeprefix("Value error, ")
    name = PREFIX + str(error["loc"][0]).upper()
    if error["type"] == "extra_forbidden":
        known = ", ".join(PREFIX + field.upper() for field in settings)
        return f"{name} is not a setting; expected one of: {known}"
    return f"{name}: {error['msg']}"
