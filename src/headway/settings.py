"""Every setting there is: built and checked once by the entry point, then handed down."""

import os
import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from headway.errors import SettingsError
from headway.notices import Reach
from headway.strength import bits_of

Network = IPv4Network | IPv6Network

PREFIX = "HEADWAY_"
SHORTEST_SECRET = 32

_MAKE_ONE: Final = "make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
_LEAST_BITS: Final = 64.0
"""Secrets made by chance have 80 and more, as far as can be told from one of 32 characters."""
_PUBLISHED: Final = frozenset({"570dad43de1af4c925f92c16a68a50936da42b7dd6fdeb24850507a1199aac89"})
"""Hashes of secrets that look like chance and stand in tutorials."""


class Settings(BaseModel):
    """What can be set, each by `HEADWAY_` and its name in capitals. All have safe defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    data_dir: Path = Field(
        default=Path("headway-data"), description="Database, artefacts, locks, development secret"
    )
    mode: Literal["development", "production"] = Field(
        default="development", description="Production has no demo users and wants a secret"
    )
    secret_key: SecretStr | None = Field(
        default=None,
        description="Signs tokens; at least 32 characters; required in production, and made by chance",
    )
    token_minutes: int = Field(default=60, ge=1, description="How long a token is valid")
    database_url: SecretStr | None = Field(
        default=None,
        description="Where jobs are kept: postgresql://USER:PASSWORD@HOST:PORT/DATABASE;"
        " default: SQLite in the data directory",
    )
    artifacts_url: str | None = Field(
        default=None,
        pattern=r"^s3://[^/?#]+(/[^?#]*)?$",
        description="Where artefacts are kept for every machine: s3://BUCKET/PREFIX, with the usual"
        " AWS_* variables; default: the data directory",
    )
    copies_mb: int = Field(
        default=20_480,
        ge=100,
        description="With ARTIFACTS_URL, MiB of copies a machine keeps; the least used go first",
    )
    operations: tuple[str, ...] = Field(
        default=(), description="Modules with the user's operations, separated by commas"
    )
    engine: Literal["local", "celery"] = Field(
        default="local", description="What brings workers to jobs: `local`, or `celery` by a broker"
    )
    broker_url: SecretStr | None = Field(
        default=None,
        description="Celery's broker: redis://HOST:PORT/NUMBER or amqp://USER:PASSWORD@HOST:PORT/VHOST",
    )
    queue: str = Field(
        default="headway", description="The queue of operations that `ROUTES` does not name"
    )
    routes: dict[str, str] = Field(
        default_factory=dict,
        description="Queues of their own: OPERATION=QUEUE, separated by commas",
    )
    queues: tuple[str, ...] = Field(
        default=(), description="The queues whose jobs a worker runs; default: all"
    )
    queue_type: Literal["classic", "quorum"] = Field(
        default="classic", description="The kind of queue that is declared in RabbitMQ"
    )
    resources: dict[str, int] = Field(
        default_factory=dict,
        description="What a worker has for operations that ask for it: NAME=COUNT, separated by commas",
    )
    embedded_worker: bool = Field(
        default=True, description="Whether `headway serve` and the ASGI application run a worker"
    )
    slots: int = Field(
        default_factory=lambda: os.cpu_count() or 1,
        ge=0,
        description="CPU-bound jobs one worker runs at a time; default: the number of cores",
    )
    async_slots: int = Field(
        default=400, ge=0, description="`async def` jobs one worker runs at a time"
    )
    grace: float = Field(
        default=5.0, ge=0, description="Seconds that running jobs get to reach a checkpoint"
    )
    memory_mb: int | None = Field(
        default=None, ge=64, description="Private memory of one CPU-bound attempt, in MiB"
    )
    keep_days: float = Field(
        default=30, ge=1, description="Days until a job that has ended is removed with its history"
    )
    keep_days_completed: float | None = Field(
        default=None, ge=1, description="The same for completed jobs; default: KEEP_DAYS"
    )
    keep_days_failed: float | None = Field(
        default=None, ge=1, description="The same for failed jobs; default: KEEP_DAYS"
    )
    keep_days_cancelled: float | None = Field(
        default=None, ge=1, description="The same for cancelled jobs; default: KEEP_DAYS"
    )
    smtp_url: SecretStr | None = Field(
        default=None,
        description="Mail server for notices: smtp://USER:PASSWORD@HOST:PORT, or smtps://",
    )
    mail_from: str | None = Field(
        default=None, description="Who mails come from; required with SMTP_URL"
    )
    webhook_private: bool | None = Field(
        default=None,
        description="Whether webhooks may go to private addresses; default: in development mode",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least that is logged; `info` has a line for each request"
    )
    traces: str | None = Field(
        default=None,
        pattern="^https?://",
        description="Where traces go, by OTLP over HTTP: http://HOST:4318/v1/traces",
    )
    metrics_token: SecretStr | None = Field(
        default=None,
        description="Reads `/metrics` from other hosts: `Authorization: Bearer TOKEN`",
    )
    max_queued_per_user: int = Field(
        default=10_000, ge=1, description="Jobs of one user that have not ended; more are refused"
    )
    max_queued: int = Field(
        default=1_000_000, ge=1, description="Jobs of all users that have not ended"
    )
    max_running_per_user: int | None = Field(
        default=None, ge=1, description="Jobs of one user that run at a time; the others wait"
    )
    max_running: int | None = Field(
        default=None, ge=1, description="Jobs that run at a time, over all workers"
    )
    max_requests_per_second: float = Field(
        default=10_000, gt=0, description="Requests of one user, in each API process"
    )
    max_in_flight: int = Field(
        default=512, ge=8, description="Requests one API process works on; more get 503 at once"
    )
    max_stored_mb_per_user: int = Field(
        default=10_240, ge=1, description="Files, data sets and models of one user, in MiB"
    )
    keep_days_predictions: float = Field(
        default=30, ge=0, description="Days that the lines of the prediction log are kept"
    )
    max_body_mb: int = Field(default=64, ge=1, description="Largest request body, in MiB")
    max_streams: int = Field(
        default=100, ge=1, description="Streams one user may have open, in each API process"
    )
    sign_in_failures: int | None = Field(
        default=None,
        ge=1,
        description="Failed sign-ins to one account from one address in 15 minutes; five times as"
        " many to one account, and from one address; default: 10, in development 100",
    )
    trusted_proxies: tuple[Network, ...] = Field(
        default=(),
        description="Addresses or networks of proxies whose X-Forwarded-For is believed, separated"
        " by commas",
    )
    allow_remote: bool = Field(
        default=False, description="In development mode, answer other hosts than this one"
    )

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, given: Iterable[str]) -> tuple[Network, ...]:
        try:
            return tuple(ip_network(one, strict=False) for one in given)
        except ValueError as error:
            raise ValueError(
                f"expected addresses or networks such as 10.0.0.0/8, got: {error}"
            ) from None

    @model_validator(mode="after")
    def _mail_wants_a_server_and_a_sender(self) -> Self:
        if self.smtp_url is None:
            return self
        if not re.match(r"smtps?://[^/?#\s]+/?$", self.smtp_url.get_secret_value()):
            raise ValueError("expected HEADWAY_SMTP_URL as smtp://USER:PASSWORD@HOST:PORT")
        if not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", self.mail_from or ""):
            raise ValueError("expected HEADWAY_MAIL_FROM with HEADWAY_SMTP_URL: name@example.org")
        return self

    @property
    def reach(self) -> Reach:
        """Where notices may go."""
        private = (
            self.mode == "development" if self.webhook_private is None else self.webhook_private
        )
        return Reach(private=private, mail=self.smtp_url is not None)

    @model_validator(mode="after")
    def _production_wants_a_secret(self) -> Self:
        secret = None if self.secret_key is None else self.secret_key.get_secret_value()
        if secret is not None and len(secret) < SHORTEST_SECRET:
            raise ValueError(
                f"expected HEADWAY_SECRET_KEY of at least {SHORTEST_SECRET} characters, got"
                f" {len(secret)}; {_MAKE_ONE}"
            )
        if self.mode == "production" and secret is None:
            raise ValueError(
                f"expected HEADWAY_SECRET_KEY in production mode, got none; {_MAKE_ONE}"
            )
        if self.mode == "production" and secret is not None and _is_weak(secret):
            raise ValueError(
                "expected HEADWAY_SECRET_KEY made by chance in production mode, got one that can be"
                f" guessed; {_MAKE_ONE}"
            )
        return self

    @model_validator(mode="after")
    def _celery_wants_a_broker(self) -> Self:
        if self.engine == "celery" and self.broker_url is None:
            raise ValueError(
                "expected HEADWAY_BROKER_URL with HEADWAY_ENGINE=celery, got none; name a broker, such"
                " as redis://127.0.0.1:6379/0"
            )
        return self

    @model_validator(mode="after")
    def _queues_are_known(self) -> Self:
        for name in self.all_queues:
            if not _QUEUE.fullmatch(name):
                raise ValueError(
                    "expected a queue's name of letters, digits and ._-, at most 100 long, got:"
                    f" {name[:120]!r}"
                )
        if unknown := sorted(set(self.queues) - set(self.all_queues)):
            raise ValueError(
                f"expected HEADWAY_QUEUES to name some of {', '.join(self.all_queues)}, got:"
                f" {', '.join(unknown)}; HEADWAY_ROUTES says which operations have another queue"
            )
        if scarce := sorted(name for name, count in self.resources.items() if count < 1):
            raise ValueError(
                f"expected HEADWAY_RESOURCES of at least 1 each, got less of: {', '.join(scarce)}"
            )
        return self

    @property
    def all_queues(self) -> list[str]:
        """Every queue that jobs can be in, sorted."""
        return sorted({self.queue, *self.routes.values()})

    def queue_of(self, operation: str) -> str:
        """The queue that jobs of this operation are in."""
        return self.routes.get(operation, self.queue)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, **given: Any) -> Self:
        """Settings from `HEADWAY_*` variables; what is `given` and not None wins over them.

        Raise `SettingsError` naming each variable that is unknown or wrong.
        """
        environ = os.environ if environ is None else environ
        values: dict[str, Any] = {
            name.removeprefix(PREFIX).lower(): value
            for name, value in environ.items()
            if name.startswith(PREFIX) and name not in READ_ELSEWHERE
        }
        for name in _LISTS & values.keys():
            values[name] = tuple(_parts(values[name]))
        for name in _PAIRS & values.keys():
            values[name] = _pairs(name, values[name])
        values |= {name: value for name, value in given.items() if value is not None}
        try:
            return cls(**values)
        except ValidationError as error:
            raise SettingsError("; ".join(_sentence(one) for one in error.errors())) from None


_LISTS: Final = frozenset({"operations", "queues", "trusted_proxies"})
_PAIRS: Final = frozenset({"routes", "resources"})
_QUEUE: Final = re.compile(r"[A-Za-z0-9._-]{1,100}")


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


def _is_weak(secret: str) -> bool:
    published = sha256(secret.strip().encode("utf-8", "surrogateescape")).hexdigest() in _PUBLISHED
    return published or bits_of(secret) < _LEAST_BITS


def _sentence(error: Any) -> str:
    if not error["loc"]:
        return str(error["msg"]).removeprefix("Value error, ")
    name = PREFIX + str(error["loc"][0]).upper()
    if error["type"] == "extra_forbidden":
        known = ", ".join(PREFIX + field.upper() for field in Settings.model_fields)
        return f"{name} is not a setting; expected one of: {known}"
    return f"{name}: {error['msg']}"
