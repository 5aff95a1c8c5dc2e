"""Accounts without any HTTP: a store is all they need."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from headway.identity.accounts import Accounts
from headway.identity.tokens import BadToken, Tokens
from headway.settings import Settings
from headway.store.contract import Store
from headway.store.sqlite import open_sqlite
from tests.identity.conftest import PASSWORD, SECRET

HERE = "192.0.2.1"


@pytest.fixture
def settings(data_dir: Path) -> Settings:
    return Settings.model_validate(
        {"data_dir": data_dir, "mode": "production", "secret_key": SECRET}
    )


@pytest.fixture
def store(settings: Settings, password_hash: str) -> Iterator[Store]:
    with closing(open_sqlite(settings.data_dir)) as store:
        store.users.add("ann", password_hash)
        yield store


@pytest.fixture
def tokens(settings: Settings) -> Tokens:
    return Tokens(SECRET.encode(), settings.mode)


async def test_a_password_buys_a_token_that_tells_whose_it_is(
    store: Store, tokens: Tokens, settings: Settings
) -> None:
    with closing(Accounts(store, tokens, settings)) as accounts:
        assert await accounts.sign_in("ann", "a guess of mine", HERE) is None
        token = await accounts.sign_in("ann", PASSWORD, HERE)
        assert token is not None
        identity = await accounts.identify(token)
        assert identity.name == "ann"
        await accounts.sign_out(identity, everywhere=False)
        with pytest.raises(BadToken):
            await accounts.identify(token)


async def test_who_waits_for_a_hash_has_stepped_aside(
    store: Store, tokens: Tokens, settings: Settings
) -> None:
    """Whoever asks, for a sign-in or a new password, is told when the wait begins and ends."""
    told: list[str] = []

    @contextmanager
    def aside() -> Iterator[None]:
        told.append("aside")
        yield
        told.append("back")

    with closing(Accounts(store, tokens, settings, aside=aside)) as accounts:
        await accounts.sign_in("ann", PASSWORD, HERE)
        await accounts.hash_aside("another day for that")
    assert told == ["aside", "back"] * 2
