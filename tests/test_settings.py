"""Settings come from the environment, whole or with a sentence for each that is wrong."""

import secrets
import uuid
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from headway.errors import SettingsError
from headway.settings import URL, WHOLE, Settings

SECRET = "qd0Wl5sEvX2mZb7uRt9cKy4hNg1fJa8p"


def test_every_setting_has_a_safe_default() -> None:
    settings = Settings.from_env({})
    assert settings.data_dir == Path("headway-data")
    assert settings.mode == "development"
    assert settings.secret_key is None
    assert not settings.allow_remote
    assert settings.slots >= 1


def test_variables_are_read_by_their_names_in_capitals() -> None:
    settings = Settings.from_env(
        {
            "HEADWAY_DATA_DIR": "/var/lib/headway",
            "HEADWAY_MODE": "production",
            "HEADWAY_SECRET_KEY": SECRET,
            "HEADWAY_SLOTS": "3",
            "HEADWAY_GRACE": "2.5",
            "HEADWAY_EMBEDDED_WORKER": "false",
            "HEADWAY_MEMORY_MB": "512",
            "PATH": "/usr/bin",
        }
    )
    assert settings.data_dir == Path("/var/lib/headway")
    assert settings.mode == "production"
    assert (settings.slots, settings.grace, settings.memory_mb) == (3, 2.5, 512)
    assert not settings.embedded_worker


def test_the_environment_of_the_process_is_read_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWAY_SLOTS", "7")
    assert Settings.from_env().slots == 7


def test_what_is_given_wins_over_the_environment_unless_it_is_none() -> None:
    environ = {"HEADWAY_SLOTS": "3", "HEADWAY_GRACE": "1"}
    settings = Settings.from_env(environ, slots=5, grace=None)
    assert (settings.slots, settings.grace) == (5, 1.0)


@pytest.mark.parametrize(
    ("text", "modules"),
    [
        ("a.b", ("a.b",)),
        ("a, b ,c", ("a", "b", "c")),
        ("", ()),
        ("a,", ("a",)),
        (" , a,, ", ("a",)),
    ],
)
def test_modules_are_separated_by_commas(text: str, modules: tuple[str, ...]) -> None:
    assert Settings.from_env({"HEADWAY_OPERATIONS": text}).operations == modules


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"HEADWAY_SLOTS": "many"}, r"HEADWAY_SLOTS: Input should be a valid integer"),
        ({"HEADWAY_SLOTS": "-1"}, r"HEADWAY_SLOTS: .*greater than or equal to 0"),
        ({"HEADWAY_MODE": "prod"}, r"HEADWAY_MODE: .*'development' or 'production'"),
        ({"HEADWAY_GRACE": "nan"}, r"HEADWAY_GRACE: "),
        ({"HEADWAY_MEMORY_MB": "1"}, r"HEADWAY_MEMORY_MB: .*64"),
        ({"HEADWAY_SLOT": "1"}, r"HEADWAY_SLOT is not a setting; expected one of: HEADWAY_DATA_DIR, "),
        ({"HEADWAY_": "1"}, r"HEADWAY_ is not a setting"),
        ({"HEADWAY_MODE": "production"}, r"expected HEADWAY_SECRET_KEY in production mode, got none"),
        ({"HEADWAY_SECRET_KEY": "short"}, r"HEADWAY_SECRET_KEY of at least 32 characters, got 5;"),
        ({"HEADWAY_SECRET_KEY": ""}, r"at least 32 characters, got 0;"),
        *[
            ({"HEADWAY_MODE": "production", "HEADWAY_SECRET_KEY": weak}, r"one that can be guessed;")
            for weak in (
                "k" * 32,
                "password" * 4,
                "changeme" * 5,
                "0123456789abcdef0123456789abcdef",
                "abcdefghijklmnopqrstuvwxyz0123456789",
                "your-secret-key-goes-here-change-me",
                "super-secret-signing-key-for-production",
                "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
            )
        ],
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_a_sentence(environ: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        Settings.from_env(environ)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    environ = {"HEADWAY_SLOTS": "x", "HEADWAY_GRACE": "y", "HEADWAY_COLOUR": "z"}
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(environ)
    assert all(name in str(caught.value) for name in environ)


@pytest.mark.parametrize(
    "environ",
    [{"HEADWAY_SECRET_KEY": "hunter2"}, {"HEADWAY_SECRET_KEY": SECRET, "HEADWAY_SLOTS": "x"}],
)
def test_a_secret_is_in_no_message(environ: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(environ)
    assert environ["HEADWAY_SECRET_KEY"] not in repr(caught.value) + str(caught.value)


def test_a_secret_is_in_no_representation() -> None:
    settings = Settings.from_env({"HEADWAY_SECRET_KEY": SECRET})
    assert SECRET not in repr(settings) + str(settings) + settings.model_dump_json()


def test_variables_of_the_test_suite_are_not_settings() -> None:
    Settings.from_env({"HEADWAY_TEST_DATA": "/x", "HEADWAY_REQUIRE_SERVICES": "1"})


def test_settings_do_not_change_once_made() -> None:
    settings: Any = Settings.from_env({})
    with pytest.raises(ValidationError, match="frozen"):
        settings.slots = 1


def test_a_secret_made_by_chance_is_strong_enough() -> None:
    """As made by the tools that people use for it, a thousand times each."""
    made = [
        one
        for _ in range(1000)
        for one in (
            secrets.token_hex(16),
            secrets.token_urlsafe(24),
            secrets.token_urlsafe(32),
            uuid.uuid4().hex,
        )
    ]
    for one in made:
        settings = Settings.from_env({"HEADWAY_MODE": "production", "HEADWAY_SECRET_KEY": one})
        assert settings.mode == "production"


def test_celery_wants_a_broker_and_queues_must_be_known() -> None:
    """A misspelt queue is one that nobody serves."""
    with pytest.raises(SettingsError, match="expected HEADWAY_BROKER_URL"):
        Settings.from_env({"HEADWAY_ENGINE": "celery"})
    routes = {"HEADWAY_ROUTES": "train_model=heavy, batch_predict = heavy"}
    settings = Settings.from_env({**routes, "HEADWAY_QUEUES": "heavy"})
    assert settings.all_queues == ["headway", "heavy"]
    assert settings.queue_of("train_model") == settings.queue_of("batch_predict") == "heavy"
    assert settings.queue_of("import_csv") == "headway"
    with pytest.raises(SettingsError, match="to name some of headway, heavy, got: hevy"):
        Settings.from_env({**routes, "HEADWAY_QUEUES": "hevy"})
    with pytest.raises(SettingsError, match="a queue's name of letters, digits"):
        Settings.from_env({"HEADWAY_QUEUE": "a b"})


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:6379/0",
        "redis://127.0.0.1",
        "rediss://:w%40rd@broker.example.org:6380/15?ssl_cert_reqs=required",
        "amqp://guest:guest@127.0.0.1:5672//",
        "amqps://me:word@[::1]:5671/jobs",
    ],
)
def test_a_broker_s_address_is_taken(url: str) -> None:
    settings = Settings.from_env({"HEADWAY_ENGINE": "celery", "HEADWAY_BROKER_URL": url})
    assert settings.broker_url is not None


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("", "begins otherwise"),
        ("127.0.0.1:6379", "begins otherwise"),
        ("localhost:6379/0", "begins otherwise"),
        ("nonsense://hunter2@x", "begins otherwise"),
        ("redis:/127.0.0.1:6379/0", "begins otherwise"),
        ("redis://", "without a host"),
        ("redis://:6379/0", "without a host"),
        ("redis://h:abc/0", "port is no number"),
        ("redis://h:70000/0", "port is no number"),
        ("redis://h:0/0", "port is 0"),
        ("redis://h:6379/abc", "database is no number"),
        ("redis://h:6379/0/1", "database is no number"),
        ("redis://:hunter2/x@h:6379/0", "port is no number"),
        ("redis://h:6379/ 0", "visible ASCII"),
    ],
)
def test_a_broker_s_address_is_refused_that_cannot_be_one(url: str, wrong: str) -> None:
    """At the start, and without a word of it: a password may be in it."""
    with pytest.raises(SettingsError, match=f"HEADWAY_BROKER_URL as redis://.*{wrong}") as refused:
        Settings.from_env({"HEADWAY_ENGINE": "celery", "HEADWAY_BROKER_URL": url})
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    ["mail.example.org:25", "http://mail", "smtp://", "smtp://h:abc", "smtp://h:99999", "smtp://h/x",
     "smtp://me:hunter2/x@h", "smtp://h?x=1", "smtp://:25", "smtps://h\n"],
)  # fmt: skip
def test_a_mail_server_s_address_is_refused_that_cannot_be_one(url: str) -> None:
    with pytest.raises(SettingsError, match="expected HEADWAY_SMTP_URL as smtp://") as refused:
        Settings.from_env({"HEADWAY_SMTP_URL": url, "HEADWAY_MAIL_FROM": "jobs@example.org"})
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "sender",
    ["", "jobs", "jobs@", "a@b.org,c@d.org", "Jobs <a@b.org>", "jöbs@example.org", "a b@c.org"],
)
def test_mail_comes_from_one_mailbox(sender: str) -> None:
    with pytest.raises(SettingsError, match="HEADWAY_MAIL_FROM with HEADWAY_SMTP_URL"):
        Settings.from_env({"HEADWAY_SMTP_URL": "smtp://h", "HEADWAY_MAIL_FROM": sender})
    for url in ("smtp://h", "smtps://me:w%40rd@mail.example.org:465/"):
        assert Settings.from_env(
            {"HEADWAY_SMTP_URL": url, "HEADWAY_MAIL_FROM": "jobs@h"}
        ).reach.mail


@pytest.mark.parametrize("text", ["gpu", "gpu=", "=1", "gpu=1,ram"])
def test_pairs_are_refused_that_are_none(text: str) -> None:
    with pytest.raises(SettingsError, match="expected NAME=VALUE, separated by commas"):
        Settings.from_env({"HEADWAY_RESOURCES": text})


def test_resources_are_counted() -> None:
    assert Settings.from_env({"HEADWAY_RESOURCES": "gpu=2, disk=1"}).resources == {
        "gpu": 2,
        "disk": 1,
    }
    with pytest.raises(SettingsError, match="at least 1 each, got less of: gpu"):
        Settings.from_env({"HEADWAY_RESOURCES": "gpu=0"})


def test_a_password_behind_the_question_mark_of_an_address_is_refused() -> None:
    """Wherever an address is shown, what stands before the host is known to be secret."""
    with pytest.raises(SettingsError, match="expected the password before the host") as refused:
        Settings.from_env({"HEADWAY_DATABASE_URL": "postgresql://h/db?user=u&password=hunter2"})
    assert "hunter2" not in str(refused.value)


def test_every_secret_and_every_address_is_marked_as_such() -> None:
    """So that no command shows it."""
    unmarked = [
        name
        for name, field in Settings.model_fields.items()
        if field.json_schema_extra not in (WHOLE, URL)
        and ("Secret" in str(field.annotation) or "://" in f"{field.description}{field.metadata}")
    ]
    assert unmarked == []
