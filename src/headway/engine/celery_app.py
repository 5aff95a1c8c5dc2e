"""Celery as it is set up here: a way to say that there is work, and nothing else.

The database owns the jobs and their state. So no result is kept, no message is persisted longer
than it is news, nothing is retried, delayed, revoked or ordered by the broker, and nothing but JSON
is read.
"""

from typing import Any, Final

from celery import Celery
from kombu.entity import Queue

from headway.settings import Settings

TASK: Final = "headway.work"
"""The only task there is. It says that there is work in the queue it came through."""

NEWS_SECONDS: Final = 60.0
"""A message that nobody took within this time tells nobody anything."""

SILENT_SECONDS: Final = 4.0
"""A broker that says nothing for so long when a message is published is given up."""


def make_app(settings: Settings) -> Celery:
    """The Celery application of these settings: for workers and whoever looks at them."""
    app = Celery("headway", set_as_current=False)
    assert settings.broker_url is not None
    app.conf.update(
        broker_url=settings.broker_url.get_secret_value(),
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,  # jobs run meanwhile; the broker will come back
        broker_transport_options={"socket_keepalive": True, "health_check_interval": 10},
        accept_content=["json"],
        task_serializer="json",
        result_serializer="json",
        result_accept_content=["json"],
        event_serializer="json",
        task_ignore_result=True,
        task_acks_late=False,
        task_create_missing_queues=False,  # a queue is one that an operation is routed to
        task_queues=[_queue(name, settings) for name in settings.all_queues],
        task_default_queue=settings.queue,
        task_default_queue_type=settings.queue_type,
        task_default_delivery_mode="transient",
        task_publish_retry=False,
        worker_send_task_events=True,
        worker_concurrency=1,  # of empty tasks; how many jobs run at a time is the core's to say
        # A connection that is lost has no task to cancel: they have ended before anybody can tell.
        worker_cancel_long_running_tasks_on_connection_loss=False,
    )
    app.task(name=TASK, shared=False)(work)
    return app


def make_publisher(settings: Settings) -> Celery:
    """The same for whoever only publishes: nothing it does takes longer than `SILENT_SECONDS`."""
    app = make_app(settings)
    app.conf.update(
        broker_pool_limit=1,
        broker_connection_timeout=SILENT_SECONDS,
        broker_heartbeat=0,  # nobody would be there to answer it between two messages
        broker_transport_options={
            # of Redis
            "socket_timeout": SILENT_SECONDS,
            "socket_connect_timeout": SILENT_SECONDS,
            # of AMQP
            "connect_timeout": SILENT_SECONDS,
            "read_timeout": SILENT_SECONDS,
            "write_timeout": SILENT_SECONDS,
        },
    )
    return app


def waiting_in(app: Celery, channel: Any, name: str) -> int:
    """How many messages nobody has taken yet from a queue, which is there afterwards.

    Declared as it should be, not passively: in Redis a queue that is empty is none to ask.
    """
    queue = app.amqp.queues[name]
    told = channel.queue_declare(
        queue=name,
        durable=queue.durable,
        exclusive=queue.exclusive,
        auto_delete=queue.auto_delete,
        arguments=channel.prepare_queue_arguments(queue.queue_arguments or {}),
    )
    return int(told.message_count)


def work(queue: str = "") -> None:
    """Do nothing: the worker has heard the message when it was received.

    So it does not matter in which process of whichever pool this runs, or what it was called with.
    """


def _queue(name: str, settings: Settings) -> Any:
    arguments = {"x-queue-type": "quorum"} if settings.queue_type == "quorum" else None
    return Queue(name, routing_key=name, queue_arguments=arguments)  # type: ignore[no-untyped-call]
