"""Passwords on the way in: whose they are, with no answer that tells whether a user exists."""

from anyio import to_thread

from headway.identity.demo import Demo
from headway.identity.hashing import Aside, Hashing, hashed, verified
from headway.identity.throttle import Throttle
from headway.store.identity import User, Users


class Passwords:
    """Tells whose password something is. Who waits for that has entered `aside`."""

    def __init__(self, users: Users, throttle: Throttle, demo: Demo, aside: Aside) -> None:
        self._users = users
        self._throttle = throttle
        self._demo = demo
        self._hashing = Hashing(aside)

    async def owner(self, name: str, password: str, address: str) -> User | None:
        """Who has this name and password and may sign in; counted as a failure, if nobody.

        Raise `TooManyFailures` or `TooManySignIns` before the password is looked at.
        """
        await to_thread.run_sync(self._throttle.check, name, address)

        def attempt() -> User | None:
            # Again when it is our turn: those before us in the queue may have failed meanwhile.
            self._throttle.check(name, address)
            user = self._verified(name, password)
            if user is None or user.disabled:
                self._throttle.failed(name, address)
                return None
            self._throttle.succeeded(name, address)
            return user

        return await self._hashing.run(attempt)

    async def hash_aside(self, password: str) -> str:
        """The hash to keep of a password. Raise `TooManySignIns`."""
        return await self._hashing.run(lambda: hashed(password))

    def close(self) -> None:
        """End the threads that hash."""
        self._hashing.close()

    def _verified(self, name: str, password: str) -> User | None:
        """The user, if this is his password. Disabled ones too."""
        user = self._known(name)
        same, renewed = verified(password, user.password_hash if user else None)
        if user is None or not same or self._demo.bars(name, password):
            return None
        if renewed is not None:
            self._users.rehash(name, user.password_hash, renewed)
        return user

    def _known(self, name: str) -> User | None:
        """The user of this name. A demo user is made when he is first asked for: hashing his
        password takes a tenth of a second that most starts can do without."""
        user = self._users.get(name)
        if user is None and name in self._demo.passwords:
            self._users.add(name, hashed(self._demo.passwords[name]), demo=True)
            user = self._users.get(name)
        return user if user is not None and self._demo.admits(user) else None
