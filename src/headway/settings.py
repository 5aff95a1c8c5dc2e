"""Every setting there is: built and checked once by the entry point, then handed down."""

import os
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, Final, Literal, Self, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from headway import demands
from headway.environment import PREFIX, given_in, sentence_of
from headway.errors import SettingsError
from headway.notices import Reach

Network = IPv4Network | IPv6Network

WHOLE: Final[dict[str, JsonValue]] = {"mask": "whole"}
"""Marks a setting that is a secret."""
URL: Final[dict[str, JsonValue]] = {"mask": "url"}
"""Marks an address, which may hold some."""


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
        json_schema_extra=WHOLE,
        description="Signs tokens; at least 32 characters; required in production, and made by chance",
    )
    token_minutes: int = Field(default=60, ge=1, description="How long a token is valid")
    database_url: SecretStr | None = Field(
        default=None,
        json_schema_extra=URL,
        description="Where jobs are kept: postgresql://USER:PASSWORD@HOST:PORT/DATABASE;"
        " default: SQLite in the data directory",
    )
    artifacts_url: str | None = Field(
        default=None,
        json_schema_extra=URL,
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
        json_schema_extra=URL,
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
    cgroup: Path | None = Field(
        default=None,
        description="A control group that a worker may make groups in: the kernel then bounds what an"
        " attempt and all that it starts hold together",
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
        json_schema_extra=URL,
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
        json_schema_extra=URL,
        pattern="^https?://",
        description="Where traces go, by OTLP over HTTP: http://HOST:4318/v1/traces",
    )
    metrics_token: SecretStr | None = Field(
        default=None,
        json_schema_extra=WHOLE,
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
        default=512,
        ge=8,
        description="Requests one API process works on at most; beyond what it can, 503 at once",
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

    @field_validator("database_url")
    @classmethod
    def _in_its_place(cls, given: SecretStr | None) -> SecretStr | None:
        demands.password_before_the_host(_told(given) or "")
        return given

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _taken_apart(cls, given: Iterable[str]) -> tuple[Network, ...]:
        return demands.networks(given)

    @model_validator(mode="after")
    def _together(self) -> Self:
        demands.server_and_sender(_told(self.smtp_url), self.mail_from)
        demands.signing_secret(_told(self.secret_key), production=self.mode == "production")
        demands.broker_of_celery(self.engine, _told(self.broker_url))
        demands.known_queues(self.all_queues, self.queues)
        demands.some_of_each(self.resources)
        return self

    @property
    def reach(self) -> Reach:
        """Where notices may go."""
        private = (
            self.mode == "development" if self.webhook_private is None else self.webhook_private
        )
        return Reach(private=private, mail=self.smtp_url is not None)

    @property
    def all_queues(self) -> list[str]:
        """Every queue that jobs can be in, sorted."""
        return sorted({self.queue, *self.routes.values()})

    def queue_of(self, operation: str) -> str:
        """The queue that jobs of this operation are in."""
        return self.routes.get(operation, self.queue)

    @classmethod
    def secret_variables(cls) -> frozenset[str]:
        """The variables that no process may see but those which read them."""
        return frozenset(
            PREFIX + name.upper()
            for name, field in cls.model_fields.items()
            if SecretStr in get_args(field.annotation)
        )

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, **given: Any) -> Self:
        """Settings from `HEADWAY_*` variables; what is `given` and not None wins over them.

        Raise `SettingsError` naming each variable that is unknown or wrong.
        """
        environ = os.environ if environ is None else environ
        values = given_in(environ)
        values |= {name: value for name, value in given.items() if value is not None}
        try:
            return cls(**values)
        except ValidationError as error:
            raise SettingsError(
                "; ".join(sentence_of(one, cls.model_fields) for one in error.errors())
            ) from None


def _told(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
