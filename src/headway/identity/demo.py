"""The users of development mode, whose passwords everybody knows."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from headway.settings import Settings
from headway.store.identity import User

DEMO_USERS: Final = {"alice": "secret123", "bob": "secret456"}
"""They can sign in in development mode alone. Their passwords are published."""

_log = logging.getLogger("headway")


@dataclass(frozen=True, slots=True)
class Demo:
    """The users with published passwords who can sign in here: all of them, or none."""

    passwords: Mapping[str, str]

    @classmethod
    def of(cls, settings: Settings, *, foreign: bool) -> "Demo":
        """All in development mode, unless users sign in elsewhere."""
        return cls(DEMO_USERS if settings.mode == "development" and not foreign else {})

    def announce(self) -> None:
        """Say at start that there are users whose passwords everybody knows."""
        if self.passwords:
            pairs = ", ".join(f"{name} / {password}" for name, password in self.passwords.items())
            _log.warning("development mode: sign in as %s; only this host is answered", pairs)

    def admits(self, user: User) -> bool:
        """In production a row that a development run left behind is nobody."""
        return bool(self.passwords) or not user.demo

    def bars(self, name: str, password: str) -> bool:
        """Nor does a published password open anything there, whoever wrote its row."""
        return not self.passwords and DEMO_USERS.get(name) == password
