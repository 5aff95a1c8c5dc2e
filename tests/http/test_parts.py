"""What is opened together is closed together, whatever fails."""

from contextlib import suppress
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from headway.http.app import create_app
from headway.http.application import Application
from headway.settings import Settings

FILES_OF_THIS_PROCESS = Path("/proc/self/fd")

pytestmark = pytest.mark.skipif(
    not FILES_OF_THIS_PROCESS.exists(), reason="only Linux tells which files are open"
)


def held(folder: Path) -> set[str]:
    """The files below a folder that this process holds open."""
    found = set()
    for one in FILES_OF_THIS_PROCESS.iterdir():
        with suppress(FileNotFoundError):  # the one of this very look
            found.add(one.readlink())
    return {str(one) for one in found if one.is_relative_to(folder)}


@pytest.fixture
def app(data_dir: Path) -> Application:
    return create_app(Settings(data_dir=data_dir, embedded_worker=False))


def test_what_was_opened_is_closed_when_a_later_part_fails(
    app: Application, data_dir: Path
) -> None:
    """Without a lifespan each request tries anew, and would leave a store behind."""
    (data_dir / "development-secret").mkdir(parents=True)
    for _ in range(2):
        with pytest.raises(IsADirectoryError):
            app.parts.open()
    assert held(data_dir) == set()
    (data_dir / "development-secret").rmdir()
    assert TestClient(app).get("/api/v1/users/me").status_code == 401
    assert held(data_dir) != set()
    app.parts.close()
    assert held(data_dir) == set()


def test_a_part_that_cannot_be_closed_leaves_no_other_open(
    app: Application, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = app.parts.open()

    def broken() -> None:
        raise RuntimeError("it cannot be closed")

    monkeypatch.setattr(parts.feed, "close", broken)
    with pytest.raises(RuntimeError, match="cannot be closed"):
        app.parts.close()
    assert held(data_dir) == set()
