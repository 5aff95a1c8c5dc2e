"""A worker that an engine starts reads the settings that its own entry point would have read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from headway.engine.environment import environment_of_worker
from headway.settings import Settings
from headway.wiring import open_store, open_worker

OTHERS: dict[str, Any] = {
    "operations": ("tests.worker.operations_under_test",),
    "copies_mb": 300,
    "queue": "light",
    "routes": {"train_model": "heavy", "chain": "gpu"},
    "queues": ("heavy", "light"),
    "resources": {"gpu": 2, "disk": 1},
    "slots": 7,
    "async_slots": 8,
    "grace": 1.5,
    "memory_mb": 640,
    "keep_days": 7.5,
    "keep_days_completed": 2.0,
    "keep_days_failed": 3.0,
    "keep_days_cancelled": 4.0,
    "smtp_url": "smtp://me:w%40rd@127.0.0.1:2525",
    "mail_from": "jobs@example.org",
    "max_queued_per_user": 11,
    "max_queued": 12,
    "max_running_per_user": 13,
    "max_running": 14,
    "traces": "http://127.0.0.1:4318/v1/traces",
}
"""Settings that are not the defaults, and that a worker can be opened with anywhere."""

ELSEWHERE: dict[str, Any] = {
    "artifacts_url": "s3://bucket/prefix",
    "database_url": "postgresql://me:word@127.0.0.1:1/jobs",
    "cgroup": Path("/sys/fs/cgroup/jobs"),
}
"""The same for those that name what has to be there."""


def told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """What a worker reads in the environment that is made for it."""
    for name in ("SECRET_KEY", "METRICS_TOKEN", "CGROUP"):
        monkeypatch.setenv(f"HEADWAY_{name}", "of another process")
    return Settings.from_env(environment_of_worker(settings))


def test_whatever_a_worker_is_opened_with_is_handed_down(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a setting that is made tomorrow: it has to be put among those above then."""
    settings = Settings(data_dir=data_dir, **OTHERS)
    with noted(monkeypatch) as read:
        store = open_store(settings)
        worker = open_worker(settings, store)
        worker.stop()
        worker.run()  # to its end, which closes what it was opened with
        store.close()
    read -= {"mode"}  # it decides where webhooks go, and that is told
    assert read == OTHERS.keys() | ELSEWHERE.keys() | {"data_dir", "webhook_private"}
    whole = Settings(data_dir=data_dir, **OTHERS, **ELSEWHERE)
    there, default = told(whole, monkeypatch), Settings()
    assert [name for name in OTHERS | ELSEWHERE if seen(whole, name) == seen(default, name)] == []
    assert [name for name in OTHERS | ELSEWHERE if seen(there, name) != seen(whole, name)] == []


def test_the_mode_decides_for_a_worker_that_is_not_told_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Production asks for a secret, which a worker must not have."""
    secret = "qd0Wl5sEvX2mZb7uRt9cKy4hNg1fJa8p"
    for mode in ("development", "production"):
        settings = Settings.from_env({"HEADWAY_MODE": mode, "HEADWAY_SECRET_KEY": secret})
        there = told(settings, monkeypatch)
        assert there.reach == settings.reach
        assert there.secret_key is None


def seen(settings: Settings, name: str) -> object:
    return getattr(settings, name)


@contextmanager
def noted(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """The name of each setting that is read inside of the block."""
    names: set[str] = set()

    def noting(self: Settings, name: str) -> object:
        if name in Settings.model_fields:
            names.add(name)
        return object.__getattribute__(self, name)

    with monkeypatch.context() as patched:
        patched.setattr(Settings, "__getattribute__", noting, raising=False)
        yield names
